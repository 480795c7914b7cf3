/** Erasures of users, and their certificates, as the API has them for admins. */

import { request, type Page } from './api'

export type ErasureState = 'asked' | 'running' | 'complete' | 'failed'
export interface ErasureStep {
  store: string
  state: 'waiting' | 'done' | 'kept'
  removed: number
  finished_at: string | null
  kept_until: string | null
  detail: string
}
export interface Erasure {
  id: string
  subject: string
  /** Until it is complete: then nobody is named. */
  user_id: string | null
  state: ErasureState
  asked_by: string
  asked_at: string
  completed_at: string | null
  cause: string
  steps: ErasureStep[]
}

export const STORES = ['erasures', 'tag_topics', 'profiles', 'clickhouse', 'bitmaps', 'mysql'] as const
export const KEEPERS = ['flink_state', 'events_log', 'row_changes_log', 'answers_log', 'backups_and_recipients'] as const

export const erasuresApi = {
  erase: (userId: string) => request<Erasure>(`/users/${encodeURIComponent(userId)}`, { method: 'DELETE' }),
  list: (query: { limit: number; cursor: string | null }, signal?: AbortSignal) => request<Page<Erasure>>('/erasures', { query, signal }),
  read: (id: string, signal?: AbortSignal) => request<Erasure>(`/erasures/${encodeURIComponent(id)}`, { signal }),
}

/** The certificate's lines: every store, those that nothing is known of yet as waiting, then what is kept. */
export function certificate(erasure: Erasure): ErasureStep[] {
  const known = new Map(erasure.steps.map((step) => [step.store, step]))
  const stores = STORES.map(
    (store): ErasureStep => known.get(store) ?? { store, state: 'waiting', removed: 0, finished_at: null, kept_until: null, detail: '' },
  )
  return [...stores, ...erasure.steps.filter((step) => step.state === 'kept')]
}

/** How many stores are empty, of how many. */
export function emptied(erasure: Erasure): { done: number; all: number } {
  return { done: certificate(erasure).filter((step) => step.state === 'done').length, all: STORES.length }
}
