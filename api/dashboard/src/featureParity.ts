/** Feature parity: what a model was asked with, against what was known then, as GET /models/<name>/feature-parity says. */

import { request, type Value } from './api'

export type FeatureState = 'equal' | 'wrong' | 'never_run'
export type FeatureCause = 'late_value' | 'version_skew' | 'dropped_feature' | 'unknown'
export const OUTCOMES = ['equal', 'different', 'missing', 'extra', 'pending'] as const
export type FeatureOutcomeName = (typeof OUTCOMES)[number]

export interface FeatureOutcome extends Record<FeatureOutcomeName, number> {
  tag: string
  version: number
  wrong: number
  /** null where it is masked as well. */
  greatest_difference: number | null
  causes: { cause: FeatureCause; values: number }[]
}
export interface FeatureExample {
  user_id: string
  prediction_id: string
  served_at: string
  outcome: Exclude<FeatureOutcomeName, 'equal'>
  served: Value
  known: Value
  cause: FeatureCause | null
}
export interface FeatureReport {
  id: number
  version: number
  state: 'equal' | 'wrong'
  made_at: string
  from_at: string
  until_at: string
  vectors: number
  whole: boolean
  features: FeatureOutcome[]
}
export interface FeatureParity {
  name: string
  state: FeatureState
  latest: FeatureReport | null
  examples: { tag: string; version: number; masked: boolean; items: FeatureExample[] }[]
  /** The newest first. */
  items: FeatureReport[]
  next: string | null
}

export const TONES = { equal: 'ok', wrong: 'bad', never_run: 'idle' } as const

/** The features with wrong values first, those with the most before the others; then by name. */
export function worstFirst(features: FeatureOutcome[]): FeatureOutcome[] {
  return [...features].sort((a, b) => b.wrong - a.wrong || a.tag.localeCompare(b.tag))
}

/** How many features of a report have a wrong value. */
export const wrongFeatures = (report: FeatureReport): number => report.features.filter((each) => each.wrong > 0).length

/** The reports of the page of history but for the one that is shown above it. */
export const earlier = (parity: FeatureParity): FeatureReport[] => parity.items.filter((each) => each.id !== parity.latest?.id)

/** The users who may be named, each with the feature that differs. */
export function named(parity: FeatureParity): (FeatureExample & { tag: string })[] {
  return parity.examples.flatMap((each) => (each.masked ? [] : each.items.map((item) => ({ ...item, tag: each.tag }))))
}

export const featureParityApi = {
  read: (name: string, limit: number, signal?: AbortSignal) => request<FeatureParity>(`/models/${encodeURIComponent(name)}/feature-parity?limit=${limit}`, { signal }),
}
