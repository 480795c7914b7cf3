/** Expected spend: what the API says of buyers, and how it is told. */

import { request } from './api'

export interface SpendMove {
  input: 'purchases' | 'last_days_ago' | 'first_days_ago' | 'mean_spend'
  value: number
  typical: number
  moved: number
}
export interface SpendExpected {
  user_id: string
  value: number | null
  alive: number | null
  purchases: number | null
  per_purchase: number | null
  moves: SpendMove[]
  /** Not for whoever asks: all numbers are null, and `problem` too. */
  masked: boolean
  /** Why the model says nothing: never a zero. */
  problem: 'user_not_found' | 'never_bought' | null
}
export interface SpendAnswer {
  model: string
  version: number
  horizon_days: number
  as_of: string
  /** Tags of the same amounts that are not for whoever asks. */
  masked_by: string[]
  items: SpendExpected[]
}
export interface SpendSide {
  said: number
  happened: number
  low: number
  high: number
}
/** A tenth of the people held out, by the value that was said. */
export interface SpendBin {
  count: number
  spend: SpendSide
  purchases: SpendSide
}

export const spendApi = {
  predict: (body: { model: string; user_ids: string[]; horizon_days?: number; what_if?: Partial<Record<SpendMove['input'], number>> }, signal?: AbortSignal) =>
    request<SpendAnswer>('/predictions/spend', { method: 'POST', body, signal }),
}

/** What another value of one input would do, as the question that asks it; null for text that is no number it may have. */
export function whatIf(input: SpendMove['input'], text: string): Partial<Record<SpendMove['input'], number>> | null {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value) || value < 0) return null
  if (input === 'purchases' && (value < 1 || !Number.isInteger(value))) return null
  return { [input]: value }
}

/** Where an axis ends that holds all that was said and that happened: the next half of its power of ten. */
export function reach(bins: SpendBin[], side: 'spend' | 'purchases'): number {
  const most = Math.max(0, ...bins.flatMap((bin) => [bin[side].said, bin[side].high]))
  if (!most) return 1
  const step = 10 ** Math.floor(Math.log10(most)) / 2
  return Math.ceil(most / step) * step
}
