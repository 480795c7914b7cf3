/** Models: what the API says of them, and what they say of users. */

import { request, type Value } from './api'
import type { SpendBin } from './spend'

export interface CalibrationBin {
  low: number
  high: number
  count: number
  mean_score: number
  share: number
}
/** Of people that the version has not seen; models of two classes have an AUC, those of many an accuracy. */
export interface Metrics {
  rows: number
  /** Left out where they would tell how large a crowd is. */
  classes?: Record<string, number>
  log_loss?: number
  log_loss_of_chance?: number
  auc?: number | null
  auc_error?: number | null
  calibration_error?: number | null
  calibration?: CalibrationBin[]
  lift_of_best_tenth?: number | null
  accuracy?: number
  accuracy_of_chance?: number
  /** Of models of expected spend: the root mean squared error, that of the last period's spend and of the mean. */
  rmse?: number
  rmse_of_last_period?: number
  rmse_of_mean?: number
  /** How much less the squared error is than the last period's, with its 95 % interval. */
  gain?: number
  gain_low?: number
  gain_high?: number
  bins?: SpendBin[]
}
export interface ModelSummary {
  name: string
  title: string
  description: string
  owner: string
  kind: 'conversion' | 'churn' | 'next_value' | 'lookalike' | 'spend' | ''
  algorithm: string
  features: string[]
  versions: number
  live_version: number | null
  metrics: Metrics | null
  trained_at: string | null
}
export type Stage = 'shadow' | 'live' | 'retired'
export interface ModelVersion {
  version: number
  stage: Stage
  sha256: string
  features: { tag: string; version: number; value_type: string }[]
  metrics: Metrics
  lineage: { moments_ms?: number[]; rows?: Record<string, number>; people?: number; sample?: number }
  created_by: string
  created_at: string
}
export interface Model extends ModelSummary {
  definition: string
  version_list: ModelVersion[]
  audit: { version: number | null; who: string; what: string; at: string }[]
  /** Why the newest training was refused. */
  refused: string | null
}
export interface Reason {
  feature: string
  title: string
  value: Value
  masked: boolean
  /** null where the value is not for whoever asks: they would tell it. */
  points: number | null
}
export interface Prediction {
  user_id: string
  prediction_id: string | null
  label: string | null
  score: number | null
  missing: string[]
  newest_feature_at: string | null
  oldest_feature_at: string | null
  reasons: Reason[]
  problem: string | null
}
export interface Predictions {
  model: string
  version: number
  predicted_at: string
  items: Prediction[]
}

/** How good a version is, in one number, and what chance would have. */
export function quality(metrics: Metrics): { name: 'auc' | 'accuracy' | 'rmse'; value: number; chance: number } {
  if (metrics.rmse !== undefined) return { name: 'rmse', value: metrics.rmse, chance: metrics.rmse_of_last_period ?? 0 }
  return metrics.auc != null
    ? { name: 'auc', value: metrics.auc, chance: 0.5 }
    : { name: 'accuracy', value: metrics.accuracy ?? 0, chance: metrics.accuracy_of_chance ?? 0 }
}

/** Whether the version knows something about people that it has not seen. */
export function beatsChance(metrics: Metrics): boolean {
  if (metrics.rmse !== undefined) return (metrics.gain_low ?? 0) > 0 && metrics.rmse < (metrics.rmse_of_mean ?? 0)
  const sure = metrics.auc == null || metrics.auc - 2 * (metrics.auc_error ?? 0) > 0.5
  return sure && (metrics.log_loss ?? Infinity) < (metrics.log_loss_of_chance ?? 0)
}

export const modelsApi = {
  list: (signal?: AbortSignal) => request<{ items: ModelSummary[] }>('/models', { signal }),
  model: (name: string, signal?: AbortSignal) => request<Model>(`/models/${encodeURIComponent(name)}`, { signal }),
  setLive: (name: string, version: number | null) => request<Model>(`/models/${encodeURIComponent(name)}/live`, { method: 'PUT', body: { version } }),
  predict: (body: { model: string; user_ids: string[]; reasons?: boolean; what_if?: Record<string, Value>; record?: boolean }, signal?: AbortSignal) =>
    request<Predictions>('/predictions', { method: 'POST', body, signal }),
}

/** The reasons that may be told to whoever asks, with their points. */
export const toldReasons = (reasons: Reason[]) => reasons.flatMap((reason) => (reason.points === null ? [] : [{ ...reason, points: reason.points }]))
