/** Models that learn from the stream: what GET /models/<name>/learning says, and the curves that are drawn of it. */

import { request } from './api'
import type { CalibrationBin } from './models'

export type ScorerName = 'online' | 'frozen' | 'chance'
export type Measure = 'log_loss' | 'auc' | 'calibration'
export type Health = 'warming' | 'good' | 'doubtful' | 'frozen'
export const SCORERS: ScorerName[] = ['online', 'frozen', 'chance']
export const MEASURES: Measure[] = ['log_loss', 'auc', 'calibration']

export interface LearningBin {
  low: number
  examples: number
  mean_score: number
  share: number
}
export interface Scorer {
  scorer: ScorerName
  examples: number
  positives: number
  auc: number | null
  log_loss: number
  brier: number
  calibration: LearningBin[]
}
export interface FeatureDrift {
  feature: string
  kind: 'number' | 'category'
  psi: number
  ks: number | null
  p: number | null
  missing: number
  missing_before: number
  moved: boolean
}
export interface LearningWindow {
  window: number
  opened_at: string
  closed_at: string
  health: Health
  reason: string
  loss_rose: boolean
  scorers: Scorer[]
  features: FeatureDrift[]
}
export interface Learning {
  name: string
  horizon_seconds: number | null
  frozen_horizon_seconds: number | null
  served_snapshot: number | null
  snapshots: { number: number; examples: number; state: 'good' | 'held' | 'withdrawn' | 'frozen'; reason: string; created_at: string }[]
  windows: LearningWindow[]
}
/** Something that a window raised. `names`: the features that moved; `reason`: why its guard judges so. */
export interface Alarm {
  window: number
  at: string
  kind: 'frozen' | 'doubtful' | 'loss_rose' | 'features_moved'
  names: string[]
  reason: string
}

export const learningApi = {
  read: (name: string, windows: number, signal?: AbortSignal) => request<Learning>(`/models/${encodeURIComponent(name)}/learning`, { query: { windows }, signal }),
}

/** How far probabilities are off, on average over the examples; null without any. */
export function calibrationError(bins: LearningBin[]): number | null {
  const examples = bins.reduce((sum, bin) => sum + bin.examples, 0)
  return examples ? bins.reduce((sum, bin) => sum + bin.examples * Math.abs(bin.mean_score - bin.share), 0) / examples : null
}

/** One scorer's measure in a window; null where the window does not tell it. */
export function measured(window: LearningWindow, scorer: ScorerName, measure: Measure): number | null {
  const found = window.scorers.find((each) => each.scorer === scorer)
  if (!found) return null
  return measure === 'calibration' ? calibrationError(found.calibration) : found[measure]
}

/** The windows as time goes on: the API gives the newest first. */
export const inOrder = (windows: LearningWindow[]): LearningWindow[] => [...windows].reverse()

/** What the windows raised, the newest first, and of one window the worst first. */
export function alarms(windows: LearningWindow[]): Alarm[] {
  return windows.flatMap((each) => {
    const raised = (kind: Alarm['kind'], reason = '', names: string[] = []): Alarm => ({ window: each.window, at: each.closed_at, kind, names, reason })
    const moved = each.features.filter((feature) => feature.moved).map((feature) => feature.feature)
    return [
      ...(each.health === 'frozen' || each.health === 'doubtful' ? [raised(each.health, each.reason)] : []),
      ...(each.loss_rose ? [raised('loss_rose')] : []),
      ...(moved.length ? [raised('features_moved', '', moved)] : []),
    ]
  })
}

/** A feature's PSI, window by window in order of time. */
export function psiOf(windows: LearningWindow[], feature: string): number[] {
  return inOrder(windows).flatMap((each) => each.features.filter((drift) => drift.feature === feature).map((drift) => drift.psi))
}

/** A window's bins as the calibration chart takes them. */
export function chartBins(bins: LearningBin[]): CalibrationBin[] {
  return bins.map((bin, place) => ({ low: bin.low, high: bins[place + 1]?.low ?? 1, count: bin.examples, mean_score: bin.mean_score, share: bin.share }))
}

/** A length of time in the largest unit that it is a whole number of. */
export function formatHorizon(seconds: number, locale: string): string {
  const [unit, length] = ([['day', 86_400], ['hour', 3_600], ['minute', 60]] as const).find(([, length]) => seconds % length === 0) ?? (['second', 1] as const)
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / length)
}
