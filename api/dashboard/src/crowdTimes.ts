/** The client of crowds over time: snapshots, members at a past time, and how one user moved in and out. */
import { request, type Page, type UserRef, type Value } from './api'
import type { Rule, Sentence } from './crowds'

export type Group = 'joined' | 'left' | 'stayed'
export interface Snapshot {
  id: string
  state: 'asked' | 'running' | 'done' | 'failed'
  revision: number
  rule: Rule
  sentence: Sentence
  versions: Record<string, number>
  who: string
  asked_at: string
  as_of: string | null
  users: number | null
  cause: string
}
export interface Comparison extends Page<UserRef> {
  joined: number
  left: number
  stayed: number
  same_rule: boolean
}
export interface MoveCause {
  tag: string
  sentence: Sentence
  holds: boolean
  before: Value
  after: Value
}
export interface Move {
  at: string
  entered: boolean
  causes: MoveCause[]
}
export interface Moves {
  member: boolean
  known_from: string | null
  items: Move[]
}
export interface PageOf {
  limit: number
  cursor: string | null
}

const at = (name: string) => `/crowds/${encodeURIComponent(name)}`
export const crowdTimes = {
  snapshots: (name: string, signal?: AbortSignal) => request<{ items: Snapshot[] }>(`${at(name)}/snapshots`, { signal }),
  ask: (name: string, key: string) => request<Snapshot>(`${at(name)}/snapshots`, { method: 'POST', key }),
  remove: (name: string, id: string) => request<void>(`${at(name)}/snapshots/${id}`, { method: 'DELETE' }),
  compare: (name: string, later: string, since: string, group: Group, page: PageOf, signal?: AbortSignal) =>
    request<Comparison>(`${at(name)}/snapshots/${later}/changes`, { query: { since, group, ...page }, signal }),
  past: (name: string, moment: string, page: PageOf, signal?: AbortSignal) =>
    request<Page<UserRef> & { users: number; at: string }>(`${at(name)}/past`, { query: { at: moment, ...page }, signal }),
  moves: (name: string, user: string, signal?: AbortSignal) => request<Moves>(`${at(name)}/moves`, { query: { user }, signal }),
}

/** The two snapshots in the order of time, where both are done and are two. */
export function inOrder(items: readonly Snapshot[], chosen: readonly string[]): [Snapshot, Snapshot] | null {
  const found = items.filter((item) => chosen.includes(item.id) && item.state === 'done')
  if (found.length !== 2) return null
  const [one, other] = found as [Snapshot, Snapshot]
  return (one.as_of ?? '') <= (other.as_of ?? '') ? [one, other] : [other, one]
}

/** What a field for a local time holds, as the API takes it; null for what is no time. */
export function momentOf(field: string): string | null {
  const ms = field ? new Date(field).getTime() : NaN
  return Number.isNaN(ms) ? null : new Date(ms).toISOString()
}
