import { expect, test } from 'vitest'
import { formatCompact, formatDuration, formatNumber, formatPercent, formatRelative, formatValue, toMillis } from '../src/format'

const NOW = Date.UTC(2026, 0, 2, 12)

test('numbers follow the locale', () => {
  expect(formatNumber(1234567, 'en')).toBe('1,234,567')
  expect(formatNumber(1234.5, 'de', 2)).toBe('1.234,5')
  expect(formatCompact(9_999, 'en')).toBe('9,999')
  expect(formatCompact(1_234_567, 'en')).toBe('1.2M')
})

test('a share that is not nothing never reads as nothing, and one that is not all never as all', () => {
  expect(formatPercent(0, 'en')).toBe('0%')
  expect(formatPercent(0.00001, 'en')).toBe('<0.1%')
  expect(formatPercent(0.99999, 'en')).toBe('>99.9%')
  expect(formatPercent(1, 'en')).toBe('100%')
  expect(formatPercent(0.615, 'en')).toBe('61.5%')
})

test('the time since a moment uses the largest whole unit', () => {
  expect(formatRelative(NOW, NOW, 'en')).toBe('now')
  expect(formatRelative(NOW - 59_000, NOW, 'en')).toBe('59 sec. ago')
  expect(formatRelative(NOW - 60_000, NOW, 'en')).toBe('1 min. ago')
  expect(formatRelative(NOW - 119_000, NOW, 'en')).toBe('1 min. ago')
  expect(formatRelative(NOW - 3 * 86_400_000, NOW, 'en')).toBe('3 days ago')
  expect(formatRelative(NOW - 59_000, NOW, 'zh-CN')).toBe('59秒前')
})

test('a server clock that is a little ahead reads as now', () => {
  expect(formatRelative(NOW + 4_000, NOW, 'en')).toBe('now')
})

test('a duration shows its two largest units', () => {
  expect(formatDuration(0, 'en')).toBe('0 sec')
  expect(formatDuration(61, 'en')).toBe('1 min 1 sec')
  expect(formatDuration(90_061, 'en')).toBe('1 day 1 hr')
})

test('values read as their type', () => {
  expect(formatValue('gold', 'en')).toBe('gold')
  expect(formatValue(1234, 'en')).toBe('1,234')
  expect(formatValue(0.12345, 'en')).toBe('0.1235')
})

test('moments come as ISO text or as minutes, and nonsense is nothing', () => {
  expect(toMillis('2026-01-02T12:00:00Z')).toBe(NOW)
  expect(toMillis(NOW / 60_000)).toBe(NOW)
  expect(toMillis('yesterday')).toBeNull()
  expect(toMillis(null)).toBeNull()
})
