import { expect, test } from 'vitest'
import { beatsChance, quality, type Metrics } from '../src/models'
import { reach, whatIf, type SpendBin } from '../src/spend'

const metrics = (given: Partial<Metrics> = {}): Metrics => ({ rows: 900, rmse: 40, rmse_of_last_period: 60, rmse_of_mean: 45, gain: 0.5, gain_low: 0.4, gain_high: 0.6, ...given })

test('a model of spend is judged by its error against that of the last period', () => {
  expect(quality(metrics())).toEqual({ name: 'rmse', value: 40, chance: 60 })
})

test('it may go live where the whole interval of its gain and its error say that it knows something', () => {
  expect(beatsChance(metrics())).toBe(true)
  expect(beatsChance(metrics({ gain_low: -0.01 }))).toBe(false)
  expect(beatsChance(metrics({ gain_low: 0 }))).toBe(false)
  expect(beatsChance(metrics({ rmse_of_mean: 40 }))).toBe(false)
})

test('a question about another value is only asked where the input can have it', () => {
  expect(whatIf('mean_spend', '12.5')).toEqual({ mean_spend: 12.5 })
  expect(whatIf('last_days_ago', '0')).toEqual({ last_days_ago: 0 })
  expect(whatIf('purchases', '3')).toEqual({ purchases: 3 })
  for (const text of ['', ' ', 'x', '-1', 'Infinity']) expect(whatIf('mean_spend', text)).toBeNull()
  for (const text of ['0', '1.5']) expect(whatIf('purchases', text)).toBeNull()
})

test('the chart holds the longest interval', () => {
  const side = { said: 5, happened: 4, low: 1, high: 9 }
  const bins: SpendBin[] = [{ count: 1, spend: side, purchases: { ...side, said: 12 } }]
  expect([reach(bins, 'spend'), reach(bins, 'purchases'), reach([], 'spend')]).toEqual([9, 15, 1])
})
