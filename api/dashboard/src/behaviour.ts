/** Behaviour: what the API is asked and answers, and the crowd that a chart's point is. */

import { request, type Value } from './api'
import type { Rule } from './crowds'

export const CHARTS = ['trends', 'funnel', 'retention', 'paths', 'sessions'] as const
export type Chart = (typeof CHARTS)[number]

export interface Period {
  from?: string
  to?: string
  last_days?: number
  zone: string
}
export interface PropertyFilter {
  property: string
  in: string[]
}
export interface Selector {
  /** null: any event. */
  event: string | null
  where: PropertyFilter[]
}
interface Question {
  period: Period
}
export interface TrendsQuery extends Question {
  event: Selector
  unit: 'day' | 'week'
  breakdown: string | null
  groups: number
}
export interface FunnelQuery extends Question {
  steps: Selector[]
  window_seconds: number
  breakdown: string | null
  groups: number
}
export interface RetentionQuery extends Question {
  first: Selector
  again: Selector
  unit: 'day' | 'week'
  units: number
  unbounded: boolean
}
export interface PathsQuery extends Question {
  anchor: string
  direction: 'after' | 'before'
  steps: number
  session_gap_seconds: number
  nodes: number
  joined: boolean
}
export interface SessionsQuery extends Question {
  session_gap_seconds: number
}
export type Query = TrendsQuery | FunnelQuery | RetentionQuery | PathsQuery | SessionsQuery

export interface OfPeriod {
  from: string
  to: string
  zone: string
}
export interface Group {
  kind: 'all' | 'value' | 'none' | 'other'
  value: Value
}
export interface TrendGroup extends Group {
  events_total: number
  users_total: number
  events: number[]
  users: number[]
}
export interface Trends extends OfPeriod {
  units: string[]
  groups: TrendGroup[]
}
export interface FunnelStep {
  users: number
  share_of_first: number | null
  share_of_last: number | null
  since_first_median_ms: number | null
  since_first_p90_ms: number | null
  since_last_median_ms: number | null
  since_last_p90_ms: number | null
}
export interface FunnelGroup extends Group {
  steps: FunnelStep[]
}
export interface Funnel extends OfPeriod {
  groups: FunnelGroup[]
}
export interface Retention extends OfPeriod {
  cohorts: { begins: string; users: number; back: (number | null)[] }[]
  overall: (number | null)[]
}
export interface PathNode {
  /** null: all that are not shown. */
  event: string | null
}
export interface PathLink {
  level: number
  node: PathNode
  next: PathNode | null
  sessions: number
  users: number
}
export interface Paths extends OfPeriod {
  sessions: number
  links: PathLink[]
}
export interface SessionFigures {
  begins: string | null
  sessions: number
  users: number
  events: number
  bounces: number
  mean_ms: number | null
  median_ms: number | null
}
export interface Sessions extends OfPeriod {
  total: SessionFigures
  days: SessionFigures[]
}

export const behaviourApi = {
  ask: <A>(chart: Chart, query: Query, signal?: AbortSignal) => request<A>(`/behaviour/${chart}`, { method: 'POST', body: query, signal }),
  eventTypes: (signal?: AbortSignal) => request<{ items: string[] }>('/behaviour/event-types', { signal }),
}

export const anything = (event: string | null = null): Selector => ({ event, where: [] })

/** A filter that is being filled in asks nothing yet. */
export const isWhole = (selector: Selector) => selector.where.every((filter) => filter.property && filter.in.length)

/** A point of a chart as a crowd's rule takes it. `chart` and `query` are filled in by `pointRule`. */
export type Place =
  | { unit?: number; at_least?: number }
  | { step: number; lost?: true }
  | { cohort?: number; unit?: number; kept?: false }
  | { level: number; node: PathChoice; next?: PathChoice; ended?: true }
  | { day?: number }
export interface PathChoice {
  events: string[]
  other?: true
}
export interface BehaviourPoint {
  chart: Chart
  query: Record<string, unknown> & { period: Period }
  [place: string]: unknown
}

/** The users of a point, as they are on the chart: its days are fixed, unless `moving` keeps them counted back from today. */
export function pointRule(chart: Chart, query: Query, answered: OfPeriod, place: Place, group: Rule | null = null, moving = false): Rule {
  const { breakdown: _breakdown, groups: _groups, nodes: _nodes, ...asked } = query as Query & { breakdown?: unknown; groups?: unknown; nodes?: unknown }
  const period = moving ? query.period : { from: answered.from, to: answered.to, zone: answered.zone }
  const point: Rule = { behaviour: { chart, query: { ...asked, period }, ...place } }
  return group ? { all: [point, group] } : point
}

/** Whether the same point can be a crowd that goes on with time: nothing in it counts units from a day that passes. */
export const canMove = (query: Query, place: Place) =>
  query.period.last_days !== undefined && !('unit' in place || 'cohort' in place || 'day' in place)

/** The condition on the tag that a group of a chart stands for. */
export function groupRule(tag: string | null, group: Group, all: Group[]): Rule | null {
  if (!tag || group.kind === 'all') return null
  if (group.kind === 'value') return { tag, in: [group.value] }
  if (group.kind === 'none') return { not: { tag, present: true } }
  const shown = all.filter((other) => other.kind === 'value').map((other) => other.value)
  return shown.length ? { all: [{ tag, present: true }, { not: { tag, in: shown } }] } : { tag, present: true }
}

/** A node of a path's level: by name, or all that the chart has no name for. */
export function nodeChoice(links: PathLink[], level: number, node: PathNode): PathChoice {
  if (node.event !== null) return { events: [node.event] }
  const here = links.flatMap((link) => (link.level === level ? [link.node] : link.level === level - 1 && link.next ? [link.next] : []))
  return { events: [...new Set(here.flatMap(({ event }) => (event === null ? [] : [event])))], other: true }
}
