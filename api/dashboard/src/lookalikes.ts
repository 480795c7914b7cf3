/** Lookalikes of a crowd: models that learn who is like its users, and what they found on people that they did not learn from. */

import { request } from './api'
import type { Rule } from './crowds'

export interface Best {
  part: number
  score: number
  users: number
  found: number
  lift: number
  low: number
  high: number
  rule: Rule | null
}
export interface Sign {
  feature: string
  title: string
  kind: 'more' | 'yes' | 'is' | 'other' | 'missing'
  value: string | null
  weight: number
  odds: number
  seed_share: number
  other_share: number
}
export interface Found {
  version: number
  live: boolean
  auc: number
  auc_error: number
  seeds: number
  others: number
  sampled_seeds: number
  sampled_others: number
  held_out_seeds: number
  held_out_others: number
  best: Best[]
  wanted: Best | null
  signs: Sign[]
}
export interface Lookalike {
  model: string
  title: string
  owner: string
  state: 'asked' | 'trained' | 'refused' | 'defined'
  cause: string
  features: string[]
  found: Found | null
  tag_text: string
  tag_live: boolean
}

const at = (crowd: string) => `/crowds/${encodeURIComponent(crowd)}/lookalikes`
export const lookalikesApi = {
  list: (crowd: string, users: number | null, signal?: AbortSignal) => request<{ items: Lookalike[] }>(at(crowd), { query: { users }, signal }),
  ask: (crowd: string, model: string, title: string, features: string[]) =>
    request<Lookalike>(at(crowd), { method: 'POST', body: { model, title, ...(features.length ? { features } : {}) } }),
}

const LONGEST = 63
/** A name for the model that nobody has yet. */
export function freeName(crowd: string, taken: readonly string[]): string {
  const base = `like_${crowd}`.slice(0, LONGEST - 3)
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}_${number}`
    if (!taken.includes(name)) return name
  }
}

/** What is still to be done before people of a best part can be a crowd, in order. */
export type Step = 'wait' | 'live' | 'tag' | 'save'
export function nextStep(item: Lookalike): Step | null {
  if (item.state === 'asked') return 'wait'
  if (!item.found) return null
  if (!item.found.live) return 'live'
  return item.tag_live ? 'save' : 'tag'
}

/** The best parts with the wanted size among them, the smallest first. Parts that begin at the same score are one. */
export function partsOf(found: Found): (Best & { wanted: boolean })[] {
  const parts = [...new Map(found.best.map((best) => [best.score, { ...best, wanted: best.score === found.wanted?.score }])).values()]
  if (found.wanted && !parts.some((part) => part.wanted)) parts.push({ ...found.wanted, wanted: true })
  return parts.sort((one, other) => one.part - other.part)
}
