/** Numbers, times and values as text. Pure: the locale and the time are parameters. */
import type { Value } from './api'

const formats = new Map<string, Intl.NumberFormat>()

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale}${JSON.stringify(options)}`
  let found = formats.get(key)
  if (!found) formats.set(key, (found = new Intl.NumberFormat(locale, options)))
  return found
}

/** 12,345 · 12.5 (at most `digits` decimals). */
export function formatNumber(value: number, locale: string, digits = 0): string {
  return numberFormat(locale, { maximumFractionDigits: digits }).format(value)
}

/** 12.3K where the place is narrow; whole below 10,000. */
export function formatCompact(value: number, locale: string): string {
  if (Math.abs(value) < 10_000) return formatNumber(value, locale)
  return numberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value)
}

/** A rate: one decimal below 100, so that a small one isn't shown as 0. */
export function formatRate(value: number, locale: string): string {
  return formatNumber(value, locale, Math.abs(value) < 100 ? 1 : 0)
}

/** 0..1 as a percentage; something that isn't nothing never reads 0%, and less than all never reads 100%. */
export function formatPercent(share: number, locale: string): string {
  const percent = numberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  if (share > 0 && share < 0.001) return `<${percent.format(0.001)}`
  if (share < 1 && share > 0.999) return `>${percent.format(0.999)}`
  return percent.format(share)
}

/** 812 byte · 1.2 MB: bytes in the largest unit that leaves a whole number, to one decimal. */
export function formatBytes(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const place = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return numberFormat(locale, { style: 'unit', unit: units[place], unitDisplay: 'short', maximumFractionDigits: place ? 1 : 0 }).format(bytes / 1_000 ** place)
}

/** A tag's value for a reader. Booleans and "no value" have words of their own, see TagValue.vue. */
export function formatValue(value: Value, locale: string): string {
  if (typeof value === 'number') return formatNumber(value, locale, Number.isInteger(value) ? 0 : 4)
  return String(value)
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]
const relatives = new Map<string, Intl.RelativeTimeFormat>()

/** "12 sec. ago" from two times in epoch milliseconds. A clock that is a little ahead reads as now. */
export function formatRelative(at: number, now: number, locale: string): string {
  let format = relatives.get(locale)
  if (!format) relatives.set(locale, (format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })))
  let seconds = Math.round((at - now) / 1_000)
  if (seconds > 0 && seconds < 60) seconds = 0
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit)
  }
  return format.format(0, 'second')
}

/** 2 d 3 h · 4 min 10 s · 8 s: the two largest units, from seconds. */
export function formatDuration(seconds: number, locale: string): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'day'],
    [Math.floor(whole / 3_600) % 24, 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ]
  const first = parts.findIndex(([amount]) => amount > 0)
  const shown = first < 0 ? [parts[3]!] : parts.slice(first, first + 2)
  return shown
    .map(([amount, unit]) => numberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(amount))
    .join(' ')
}

/** A moment in the reader's own zone, with the zone said. */
export function formatLocal(at: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' }).format(at)
}

/** A moment in UTC, to the millisecond. */
export function formatUtc(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC')
}

/** 14:05:09 in the reader's own zone. */
export function formatClock(at: number, locale: string, seconds = true): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined, hourCycle: 'h23' }).format(at)
}

/** Epoch milliseconds of an ISO text, or of a count of minutes since the epoch; null when it is neither. */
export function toMillis(moment: string | number | null | undefined): number | null {
  if (moment === null || moment === undefined) return null
  const at = typeof moment === 'number' ? moment * 60_000 : Date.parse(moment)
  return Number.isFinite(at) ? at : null
}
