/** The client of watched crowds: who enters and leaves, and what is told of whom. */
import { request } from './api'

export interface Policy {
  dry_run: boolean
  tells_present: boolean
  never_again: boolean
  rest_seconds: number
  most_enters: number | null
  within_hours: number
}
export interface Watch extends Policy {
  id: string
  sequence: number
  batch: number
  published: boolean
  enters_total: number
  leaves_total: number
  told_at: string | null
  problem: string
}
export interface Delta {
  delta_id: string
  sequence: number
  user_id: string
  change: 'enter' | 'leave'
  at: string
  rule_version: number
}
export const QUIET: Policy = { dry_run: false, tells_present: false, never_again: false, rest_seconds: 0, most_enters: null, within_hours: 24 }

const at = (name: string) => `/crowds/${encodeURIComponent(name)}`
export const crowdWatch = {
  /** null while the crowd is not watched. */
  read: (name: string, signal?: AbortSignal) => request<{ watch: Watch | null }>(`${at(name)}/watch`, { signal }),
  put: (name: string, policy: Policy) => request<Watch>(`${at(name)}/watch`, { method: 'PUT', body: policy }),
  remove: (name: string) => request<void>(`${at(name)}/watch`, { method: 'DELETE' }),
  deltas: (name: string, after: number, limit: number, signal?: AbortSignal) =>
    request<{ items: Delta[]; next: number | null }>(`${at(name)}/deltas`, { query: { after, limit }, signal }),
}

/** The part of a watch that a person sets. */
export function policyOf(watch: Watch): Policy {
  const { dry_run, tells_present, never_again, rest_seconds, most_enters, within_hours } = watch
  return { dry_run, tells_present, never_again, rest_seconds, most_enters, within_hours }
}

/** After which sequence the newest `limit` deltas lie. */
export const newest = (watch: Watch, limit: number) => Math.max(0, watch.sequence - limit)
