/** Tags' versions and previews: what the API says of them, and the form as the builder edits it. */

import { request, type Problem, type TagType, type Value } from './api'

export type VersionStatus = 'draft' | 'building' | 'ready' | 'live' | 'retired' | 'failed'
export interface VersionSummary {
  tag: string
  version: number
  status: VersionStatus
  cause: string
  created_by: string
  approved_by: string
  job: string
  changed_at: string
}
export interface Version extends VersionSummary {
  text: string
  rollback_until: string | null
}
export interface VersionList {
  tag: string
  revision: number
  live: number | null
  rollback_to: number | null
  approval_required: boolean
  items: Version[]
  next: number | null
  history: { version: number | null; who: string; what: string; at: string }[]
}
export interface DiffLine {
  kind: 'same' | 'removed' | 'added'
  before: number | null
  after: number | null
  text: string
}
export type Phase = 'draft' | 'replay' | 'proof' | 'switch' | 'live' | 'retired' | 'failed'
export interface Progress {
  status: VersionStatus
  phase: Phase
  messages: number | null
  passed: number | null
  behind: number | null
  eta_seconds: number | null
  building_seconds: number | null
  problem: string | null
  parity: 'agreed' | 'differs' | null
  cause: string
}
export interface TextProblem {
  line: number
  column: number
  message: string
  suggestion: string
}
export interface Validation {
  valid: boolean
  text: string | null
  problems: TextProblem[]
  form_problems: Problem[]
  name: string | null
  type: TagType | null
  sources: string[]
  windows: string[]
  registered: boolean
}
export interface PreviewValue {
  value: Value
  users: number
  live_users: number
}
export interface PreviewResult {
  type: TagType
  live_version: number | null
  users_total: number
  sampled_share: number
  users: number
  live_users: number
  gained: number
  lost: number
  changed: number
  gained_examples: string[]
  lost_examples: string[]
  values: PreviewValue[]
  values_left_out: number
  bins: { low: number; high: number; users: number; live_users: number }[] | null
  rows_read: number
  seconds: number
  state: { relation: string; rows: number; bytes: number }[]
}
export interface Preview {
  id: string
  state: 'asked' | 'running' | 'done' | 'failed'
  cause: string
  result: PreviewResult | null
}
export interface Impact {
  crowds: { name: string; title: string; through: string[] }[]
}

export const MEASURES = ['count', 'count_distinct', 'sum', 'average', 'smallest', 'largest', 'value', 'any'] as const
export type Measure = (typeof MEASURES)[number]
export const RELATIONS = ['one_of', 'none_of', 'at_least', 'at_most', 'above', 'below', 'filled'] as const
export type Relation = (typeof RELATIONS)[number]
export interface FormBody {
  name: string
  title: string
  description: string
  dimension: string
  owner: string
  source: string
  measure: Measure
  column: string
  where: { column: string; is: Relation; values: (string | number)[] }[]
  window: { length: number; unit: string } | null
  at_least: number | null
  bands: { at_least: number; label: string }[]
  otherwise: string
}
export type Written = { text: string } | { form: FormBody }

const at = (name: string) => `/tags/${encodeURIComponent(name)}`
const version = (name: string, number: number) => `${at(name)}/versions/${number}`
const act = (path: string) => request<VersionList>(path, { method: 'POST' })
export const publishingApi = {
  validate: (written: Written, signal?: AbortSignal) => request<Validation>('/tags/validate', { method: 'POST', body: written, signal }),
  create: (written: Written, key: string) => request<Version>('/tags', { method: 'POST', body: written, key }),
  add: (name: string, written: Written, revision: number, key: string) => request<Version>(`${at(name)}/versions`, { method: 'POST', body: written, revision, key }),
  versions: (name: string, signal?: AbortSignal) => request<VersionList>(`${at(name)}/versions`, { signal }),
  open: (signal?: AbortSignal) => request<{ items: VersionSummary[] }>('/tag-versions', { signal }),
  diff: (name: string, from: number, to: number, signal?: AbortSignal) => request<{ lines: DiffLine[] }>(`${at(name)}/versions/diff`, { query: { from, to }, signal }),
  progress: (name: string, number: number, signal?: AbortSignal) => request<Progress>(`${version(name, number)}/progress`, { signal }),
  impact: (name: string, signal?: AbortSignal) => request<Impact>(`${at(name)}/impact`, { signal }),
  approve: (name: string, number: number) => act(`${version(name, number)}/approve`),
  build: (name: string, number: number) => act(`${version(name, number)}/build`),
  rollBack: (name: string) => act(`${at(name)}/rollback`),
  retire: (name: string) => act(`${at(name)}/retire`),
  askPreview: (written: Written, signal?: AbortSignal) => request<Preview>('/tag-previews', { method: 'POST', body: written, signal }),
  preview: (id: string, signal?: AbortSignal) => request<Preview>(`/tag-previews/${id}`, { signal }),
}
