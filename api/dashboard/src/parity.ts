/** Parity: what the API says of the comparisons of stream and batch. */

import { request, type Page, type Value } from './api'

export type Verdict = 'green' | 'red' | 'empty'
export type Cause = 'late_event' | 'duplicate' | 'cdc_order' | 'tie' | 'version_skew' | 'store_write' | 'unknown'
export type Outcome = 'missing' | 'extra' | 'different' | 'pending'
export type RunState = 'waiting' | 'running' | 'done' | 'failed'
export interface Counts {
  equal: number
  missing: number
  extra: number
  different: number
  pending: number
}
export interface StoreCounts extends Counts {
  store: string
}
export interface TagVersionParity {
  tag: string
  version: number
  verdict: Verdict
  wrong: number
  stores: StoreCounts[]
  barrier_at: string
}
export interface NewestParity extends TagVersionParity {
  live: boolean
  run_id: number
  origin: string
  finished_at: string | null
}
export interface Run {
  id: number
  origin: string
  status: RunState
  tag: string | null
  version: number | null
  cause: string
  asked_at: string
  started_at: string | null
  finished_at: string | null
  duration_seconds: number | null
  counts: Counts | null
  wrong: number | null
  tags: number
  red: string[]
}
export interface RunDetail extends Run {
  results: TagVersionParity[]
}
export interface ParityState {
  items: NewestParity[]
  never_compared: string[]
  under_way: Run[]
}
export interface EvidenceRow {
  source: string
  key: string
  op: string
  partition: number
  offset: number
  at: string | null
  logged_at: string
  leaves_at: string | null
  counts: boolean
  decides: boolean
  text: string
}
export interface Evidence {
  reason: string
  suspects: { cause: Cause; sure: boolean; reason: string }[]
  tick_at: string
  rows: EvidenceRow[]
  rows_total: number
  emitted: { value: Value; offset: number; at: string }[]
}
export interface Finding {
  number: number
  tag: string
  version: number
  store: string
  user_id: string
  outcome: Outcome
  batch: Value
  stored: Value
  offset: number | null
  cause: Cause | null
  evidence: Evidence | null
}

/** Red first, then what nobody has, then green; by name within. */
export function worstFirst(items: NewestParity[]): NewestParity[] {
  const rank: Record<Verdict, number> = { red: 0, empty: 1, green: 2 }
  return [...items].sort((a, b) => rank[a.verdict] - rank[b.verdict] || a.tag.localeCompare(b.tag) || b.version - a.version)
}

/** The counts of all stores together. */
export function together(stores: Counts[]): Counts {
  const total: Counts = { equal: 0, missing: 0, extra: 0, different: 0, pending: 0 }
  for (const store of stores) for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += store[name]
  return total
}

export const parityApi = {
  state: (signal?: AbortSignal) => request<ParityState>('/parity', { signal }),
  runs: (query: { tag?: string | null; limit?: number; cursor?: string | null }, signal?: AbortSignal) => request<Page<Run>>('/parity/runs', { query, signal }),
  run: (id: number, signal?: AbortSignal) => request<RunDetail>(`/parity/runs/${id}`, { signal }),
  findings: (id: number, query: { tag?: string | null; limit?: number; cursor?: string | null }, signal?: AbortSignal) =>
    request<Page<Finding>>(`/parity/runs/${id}/findings`, { query, signal }),
  ask: (body: { tag?: string; version?: number }) => request<Run>('/parity/runs', { method: 'POST', body }),
}
