/** Crowds: what the API says of them, and rules as the builder edits them. */

import type { BehaviourPoint } from './behaviour'
import { request, type Page, type TagType, type UserRef, type Value } from './api'

export type Rule =
  | { all: Rule[] }
  | { any: Rule[] }
  | { not: Rule }
  | { crowd: string }
  | { behaviour: BehaviourPoint }
  | { tag: string; in?: Value[]; present?: true; at_least?: number; at_most?: number; above?: number; below?: number }
export interface Sentence {
  en: string
  zh: string
}
export interface CrowdSummary {
  name: string
  title: string
  revision: number
  sentence: Sentence | null
  problem: string | null
  updated_at: string
}
export interface Crowd extends CrowdSummary {
  rule: Rule
  used_by: string[]
}
export interface Estimate {
  users: number
  users_total: number
  sentence: Sentence
}
export interface PortraitValue {
  tag: string
  title: string
  type: TagType
  value: Value
  low: number | null
  high: number | null
  crowd_users: number
  crowd_share: number
  base_share: number
  tgi: number | null
  tgi_low: number | null
  tgi_high: number | null
  adjusted_p_value: number | null
  significant: boolean
  small: boolean
}
export interface Portrait {
  crowd_users: number
  base_users: number
  items: PortraitValue[]
}

const at = (name: string) => `/crowds/${encodeURIComponent(name)}`
export const exportAddress = (name: string) => `/api/v1${at(name)}/export`
export const crowdsApi = {
  list: (signal?: AbortSignal) => request<{ items: CrowdSummary[] }>('/crowds', { signal }),
  read: (name: string, signal?: AbortSignal) => request<Crowd>(at(name), { signal }),
  estimate: (rule: Rule, signal?: AbortSignal) => request<Estimate>('/crowds/estimate', { method: 'POST', body: { rule }, signal }),
  create: (name: string, title: string, rule: Rule) => request<Crowd>('/crowds', { method: 'POST', body: { name, title, rule } }),
  change: (name: string, revision: number, title: string, rule: Rule) => request<Crowd>(at(name), { method: 'PUT', revision, body: { title, rule } }),
  remove: (name: string, revision: number) => request<void>(at(name), { method: 'DELETE', revision }),
  members: (name: string, query: { limit: number; cursor: string | null }, signal?: AbortSignal) =>
    request<Page<UserRef> & { users: number }>(`${at(name)}/members`, { query, signal }),
  portrait: (name: string, base: string, signal?: AbortSignal) => request<Portrait>(`${at(name)}/portrait`, { query: { base: base || null }, signal }),
}

export type Kind = 'all' | 'any' | 'tag' | 'crowd' | 'behaviour'
export type Test = 'in' | 'present' | 'range'
/** One line of the builder, or a group of lines. `extra` keeps bounds that the builder has no field for. */
export interface Draft {
  key: number
  kind: Kind
  negated: boolean
  parts: Draft[]
  name: string
  test: Test
  values: string
  low: string
  high: string
  extra: { above?: number; below?: number }
  point?: BehaviourPoint
}

let keys = 0
export const draft = (kind: Kind, given: Partial<Draft> = {}): Draft => ({
  key: ++keys, kind, negated: false, parts: [], name: '', test: 'in', values: '', low: '', high: '', extra: {}, ...given,
})

/** The builder's lines of a rule. */
export function toDraft(rule: Rule, negated = false): Draft {
  if ('not' in rule) return toDraft(rule.not, !negated)
  if ('all' in rule) return draft('all', { negated, parts: rule.all.map((part) => toDraft(part)) })
  if ('any' in rule) return draft('any', { negated, parts: rule.any.map((part) => toDraft(part)) })
  if ('behaviour' in rule) return draft('behaviour', { negated, point: rule.behaviour })
  if ('crowd' in rule) return draft('crowd', { negated, name: rule.crowd })
  const { tag: name, in: values, present, at_least, at_most, above, below } = rule
  if (values) return draft('tag', { negated, name, values: JSON.stringify(values).slice(1, -1) })
  if (present) return draft('tag', { negated, name, test: 'present' })
  const extra = { ...(above === undefined ? {} : { above }), ...(below === undefined ? {} : { below }) }
  return draft('tag', { negated, name, test: 'range', low: String(at_least ?? ''), high: String(at_most ?? ''), extra })
}

/** Values as they were typed: JSON texts and numbers, or plain words between commas. */
function typedValues(text: string, type: TagType): Value[] | null {
  const words = text.split(/[,，]/).map((word) => word.trim()).filter(Boolean)
  if (type === 'string') {
    try {
      const parsed: unknown = JSON.parse(`[${text}]`)
      if (Array.isArray(parsed) && parsed.length && parsed.every((value) => typeof value === 'string')) return parsed as string[]
    } catch {
      // Plain words, then.
    }
    return words.length ? words : null
  }
  const values = words.map((word) => (type === 'boolean' ? (word === 'true' ? true : word === 'false' ? false : null) : Number(word)))
  return values.length && values.every((value) => value !== null && !Number.isNaN(value)) ? values : null
}

/** The rule that the lines say; null while one of them is not filled in. */
export function toRule(line: Draft, types: Record<string, TagType>): Rule | null {
  const rule = positive(line, types)
  return rule && line.negated ? { not: rule } : rule
}

function positive(line: Draft, types: Record<string, TagType>): Rule | null {
  if (line.kind === 'crowd') return line.name ? { crowd: line.name } : null
  if (line.kind === 'behaviour') return line.point ? { behaviour: line.point } : null
  if (line.kind !== 'tag') {
    const parts = line.parts.map((part) => toRule(part, types))
    if (!parts.length || parts.includes(null)) return null
    return line.kind === 'all' ? { all: parts as Rule[] } : { any: parts as Rule[] }
  }
  const type = types[line.name]
  if (!type) return null
  if (line.test === 'present') return { tag: line.name, present: true }
  if (line.test === 'in') {
    const values = typedValues(line.values, type)
    return values && { tag: line.name, in: values }
  }
  const bounds = {
    ...line.extra,
    ...(line.low.trim() ? { at_least: Number(line.low) } : {}),
    ...(line.high.trim() ? { at_most: Number(line.high) } : {}),
  }
  return Object.keys(bounds).length && !Object.values(bounds).some(Number.isNaN) ? { tag: line.name, ...bounds } : null
}
