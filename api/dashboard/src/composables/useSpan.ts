import { useI18n } from 'vue-i18n'
import { formatDuration, formatNumber } from '../format'

const WHOLE: [number, string][] = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']]

/** How long something took, from milliseconds: below a second as milliseconds, whole units alone, nothing as a dash. */
export function useSpan(): (ms: number | null) => string {
  const { locale } = useI18n()
  return (ms) => {
    if (ms === null) return '–'
    if (ms > 0 && ms < 1_000) return `${formatNumber(ms, locale.value)} ms`
    const seconds = ms / 1_000
    const [size, unit] = WHOLE.find(([length]) => seconds >= length && seconds % length === 0) ?? [0, '']
    if (!size) return formatDuration(seconds, locale.value)
    return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / size)
  }
}
