import { expect, test } from 'vitest'
import { alarms, calibrationError, chartBins, formatHorizon, inOrder, measured, psiOf, type FeatureDrift, type LearningWindow, type Scorer } from '../src/learning'

const drift = (feature: string, psi: number, moved = false): FeatureDrift => ({ feature, kind: 'number', psi, ks: 0.1, p: 0.2, missing: 0, missing_before: 0, moved })
const scorer = (name: Scorer['scorer'], auc: number | null): Scorer => ({ scorer: name, examples: 10, positives: 2, auc, log_loss: 0.5, brier: 0.1, calibration: [] })
const window = (number: number, changes: Partial<LearningWindow> = {}): LearningWindow => ({ window: number, opened_at: '', closed_at: `${number}`, health: 'good', reason: '', loss_rose: false, scorers: [scorer('online', 0.8), scorer('chance', null)], features: [], ...changes })

test('a calibration error weighs each bin by its examples, and is unknown without any', () => {
  const bins = [{ low: 0, examples: 30, mean_score: 0.1, share: 0.2 }, { low: 0.5, examples: 10, mean_score: 0.9, share: 0.4 }]
  expect(calibrationError(bins)).toBeCloseTo((30 * 0.1 + 10 * 0.5) / 40)
  expect(calibrationError([])).toBeNull()
  expect(chartBins(bins).map((bin) => [bin.low, bin.high, bin.count])).toEqual([[0, 0.5, 30], [0.5, 1, 10]])
})

test('a scorer that a window has no word of leaves a gap, not a zero', () => {
  expect(measured(window(1), 'online', 'auc')).toBe(0.8)
  expect(measured(window(1), 'chance', 'auc')).toBeNull()
  expect(measured(window(1), 'frozen', 'log_loss')).toBeNull()
  expect(measured(window(1), 'online', 'calibration')).toBeNull()
})

test('alarms are told the newest first, the freeze before what else was seen in its window', () => {
  const windows = [window(3, { health: 'frozen', reason: 'poison', loss_rose: true }), window(2), window(1, { features: [drift('city', 0.4, true), drift('views', 0.01)] })]
  expect(alarms(windows).map(({ window: of, kind, names, reason }) => [of, kind, names, reason])).toEqual([
    [3, 'frozen', [], 'poison'],
    [3, 'loss_rose', [], ''],
    [1, 'features_moved', ['city'], ''],
  ])
})

test('a feature is followed in order of time, over the windows that know it', () => {
  const windows = [window(3, { features: [drift('city', 0.3)] }), window(2), window(1, { features: [drift('city', 0.1)] })]
  expect(psiOf(windows, 'city')).toEqual([0.1, 0.3])
  expect(inOrder(windows).map((each) => each.window)).toEqual([1, 2, 3])
})

test('a horizon is told in the unit that it is a whole number of', () => {
  expect([3_600, 604_800, 90, 120].map((seconds) => formatHorizon(seconds, 'en'))).toEqual(['1 hour', '7 days', '90 seconds', '2 minutes'])
})
