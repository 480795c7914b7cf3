/** The client of a user's past: why a value is what it is, how it changed, what the user did. */
import { request, type Page, type TagType, type Value } from './api'

export type StepKind = 'source' | 'tag' | 'window' | 'join' | 'union' | 'where' | 'group' | 'having' | 'distinct' | 'rank' | 'value'
export type Cell = Value | Record<string, string | null>

export interface WhyRow {
  cells: Record<string, Cell>
  kept: boolean
  note: string
}
export interface WhyCondition {
  text: string
  held: number
  failed: number
  unknown: number
}
export interface WhyBranch {
  condition: string | null
  result: string
  held: boolean | null
  taken: boolean
}
export interface WhyStep {
  kind: StepKind
  of: string
  text: string
  rows_in: number
  rows_out: number
  rows: WhyRow[]
  rows_left_out: number
  conditions: WhyCondition[]
  branches: WhyBranch[]
  operands: Record<string, Cell>
}
/** A value that a tag was worked out from: another tag's, in the version that it reads. */
export interface ReadTag {
  tag: string
  version: number
  title: string
  type: TagType
  user_id: string
  value: Value
  since: string | null
  why: string
}
export interface Why {
  user_id: string
  tag: string
  title: string
  type: TagType
  version: number
  at: string
  tick: string
  hindsight: boolean
  value: Value
  stored: { value: Value; since: string | null; changes: number }
  agrees: boolean
  difference: string | null
  decided_by: number
  steps: WhyStep[]
  reads: ReadTag[]
  incomplete: string[]
}
export interface TagChange {
  value: Value
  at: string
}
export interface TimelineEvent {
  event_id: string
  /** The id that it was logged under, of all that the person has. */
  user_id: string
  event_type: string
  item_id: string | null
  properties: Record<string, string>
  occurred_at: string
  logged_at: string
}

/** Whose value of which tag is asked about; without a version, of the live one. */
export interface WhyPlace {
  userId: string
  tag: string
  version: number | null
}
export const placeOf = (read: ReadTag): WhyPlace => ({ userId: read.user_id, tag: read.tag, version: read.version })

const user = (userId: string) => `/users/${encodeURIComponent(userId)}`
const tagOf = (userId: string, tag: string) => `${user(userId)}/tags/${encodeURIComponent(tag)}`

export const past = {
  why: (place: WhyPlace, at: string | null, hindsight: boolean, signal?: AbortSignal) =>
    request<Why>(`${tagOf(place.userId, place.tag)}/why`, { query: { at, hindsight: String(hindsight), version: place.version }, signal }),
  changes: (place: WhyPlace, limit: number, signal?: AbortSignal) =>
    request<Page<TagChange>>(`${tagOf(place.userId, place.tag)}/changes`, { query: { limit, version: place.version }, signal }),
  events: (userId: string, limit: number, cursor: string | null, signal?: AbortSignal) =>
    request<Page<TimelineEvent>>(`${user(userId)}/events`, { query: { limit, cursor }, signal }),
  live: (userId: string) => `/api/v1${user(userId)}/live`,
}

/** What a reader's own time in a form's field is in UTC; null for an empty or broken one. */
export function fieldToUtc(field: string): string | null {
  const at = field ? new Date(field) : null
  return at && Number.isFinite(at.getTime()) ? at.toISOString() : null
}

/** A value's course as points of a step line: null where there was no value, and the newest value held until now. */
export function course(changes: TagChange[], now: number): [number, Value][] {
  const points = changes.toReversed().map(({ at, value }): [number, Value] => [Date.parse(at), value])
  const newest = points.at(-1)
  return newest ? [...points, [Math.max(now, newest[0]), newest[1]]] : []
}

const LATE_MS = 5 * 60_000

/** By how many seconds an event was logged late; null when it came in time. */
export function lateBySeconds(event: TimelineEvent): number | null {
  const late = Date.parse(event.logged_at) - Date.parse(event.occurred_at)
  return late > LATE_MS ? Math.round(late / 1_000) : null
}
