/** The typed client of /api/v1: the only place that knows addresses, JSON shapes and how a failure looks. */

export type TagType = 'string' | 'integer' | 'decimal' | 'boolean'
export type Value = string | number | boolean | null

export interface ProfileTag {
  tag: string
  title: string
  dimension: string
  version: number
  type: TagType
  value: Value
  /** There is a value, and it isn't for the role of whoever asks. */
  masked?: boolean
  since: string
}
export interface Profile {
  user_id: string
  /** The person's canonical id, where that is another: whose tags these are. */
  merged_into?: string | null
  identities?: string[]
  user_no: number | null
  tags: ProfileTag[]
  read_at: string
}
export interface UserRef {
  user_id: string
  user_no: number | null
  /** Of a search: the person's canonical id, where that is another. */
  merged_into?: string | null
}
export interface Page<T> {
  items: T[]
  next: string | null
}
export interface TagSummary {
  name: string
  title: string
  description: string
  dimension: string
  type: TagType
  owner: string
  version: number
  sensitivity?: 'public' | 'personal' | 'restricted'
  masked?: boolean
  users: number
  coverage: number
  last_changed_at: string | null
}
export interface TagList {
  items: TagSummary[]
  users_total: number
}
export interface ValueCount {
  value: Value
  users: number
}
export interface HistogramBin {
  from: number
  to: number
  users: number
}
export interface TagDetail extends TagSummary {
  sql: string
  compiled_sql?: string | null
  distribution: ValueCount[]
  histogram: HistogramBin[] | null
}
export interface TagMember extends UserRef {
  value: Value
  since: string | null
}
export interface FlinkJob {
  id: string
  name: string
  state: string
  uptime_seconds: number
  last_checkpoint_at: string | null
  /** The cause of a failure that the job has not recovered from. */
  problem?: string | null
}
export interface Overview {
  users_total: number
  events_total: number
  events_per_second: number
  tag_changes_per_second: number
  dead_letters_total: number
  /** How long after the log had an event it had the tag change that the event made. */
  freshness: { changes: number; p50_seconds: number | null; p99_seconds: number | null }
  lag: Record<string, number | null>
  flink: { jobs: FlinkJob[] }
  series: { minute: string | number; events: number }[]
  /** What could not be read, so that its part is empty. */
  problems?: string[]
}
export type Status = 'ok' | 'degraded' | 'down'
export interface HealthCheck {
  name: string
  status: Status
  detail: string | null
  latency_ms: number | null
  lag?: number | null
}
export interface Health {
  status: Status
  checks: HealthCheck[]
}
export interface NewEvent {
  user_id: string
  event_type: string
  item_id?: string
  properties?: Record<string, string>
  occurred_at?: string
}
export interface Accepted {
  accepted: number
  event_ids: string[]
}
export interface Problem {
  path: string
  message: string
  got?: unknown
  allowed?: unknown
}

/** A request that failed. `code` is the API's own, or `network` (nobody answered), `timeout`, or `bad_answer` (an answer that is not the API's). */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly requestId: string | null = null,
    readonly problems: Problem[] = [],
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  query?: Record<string, string | number | readonly string[] | null | undefined>
  body?: unknown
  /** The revision that was read, which a change names. */
  revision?: number
  /** Makes a request that is sent again be done once. */
  key?: string
  signal?: AbortSignal
  /** Statuses whose body is an answer although it isn't a success. */
  answers?: number[]
  /** The answer is text, such as CSV; a failure is JSON all the same. */
  asText?: boolean
}

const BASE = '/api/v1'
/** What proves that a request is from our own page, and whom to tell that nobody is signed in any more. */
export const credentials = { csrfToken: null as string | null, signedOut: () => {} }
const TIMEOUT_MS = 20_000

export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = 'GET', query = {}, body, revision, key, signal, answers = [], asText = false } = options
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== undefined) for (const each of [value].flat()) search.append(name, String(each))
  const address = `${BASE}${path}${search.size ? `?${search}` : ''}`
  const limit = AbortSignal.timeout(TIMEOUT_MS)
  let response: Response
  let text: string
  try {
    response = await fetch(address, {
      method,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      // Never from the browser's cache, whose lock would also make two pollers of one address wait for each other.
      cache: 'no-store',
      headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(revision === undefined ? {} : { 'If-Match': `"${revision}"` }), ...(key === undefined ? {} : { 'Idempotency-Key': key }), ...(method === 'GET' || !credentials.csrfToken ? {} : { 'X-CSRF-Token': credentials.csrfToken }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    text = await response.text()
  } catch (cause) {
    if (signal?.aborted) throw cause
    if (limit.aborted) throw new ApiError('timeout', `${method} ${address}: no answer within ${TIMEOUT_MS / 1_000} s`, 0)
    throw new ApiError('network', `${method} ${address}: ${cause instanceof Error ? cause.message : String(cause)}`, 0)
  }
  const requestId = response.headers.get('X-Request-Id')
  if (response.status === 204) return undefined as T
  if (asText && response.ok) return text as T
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new ApiError('bad_answer', `${response.status} ${response.statusText}`.trim(), response.status, requestId)
  }
  if (response.ok || answers.includes(response.status)) return parsed as T
  if (response.status === 401 && path !== '/session') credentials.signedOut()
  const error = (parsed as { error?: { code?: string; message?: string; problems?: Problem[]; request_id?: string } }).error
  throw new ApiError(
    error?.code ?? 'bad_answer',
    error?.message ?? `${response.status} ${response.statusText}`.trim(),
    response.status,
    error?.request_id ?? requestId,
    error?.problems ?? [],
  )
}

const part = encodeURIComponent

/** How a tag value is written in a query: text as it is, everything else as JSON. */
export function valueParameter(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export const api = {
  overview: (signal?: AbortSignal) => request<Overview>('/overview', { signal }),
  health: (signal?: AbortSignal) =>
    request<Health>('/health', { signal, answers: [503] }).then((health) => {
      if (!Array.isArray(health.checks)) throw new ApiError('bad_answer', 'health without checks', 503)
      return health
    }),
  tags: (signal?: AbortSignal) => request<TagList>('/tags', { signal }),
  tag: (name: string, signal?: AbortSignal) => request<TagDetail>(`/tags/${part(name)}`, { signal }),
  tagUsers: (name: string, query: { value?: string | null; limit?: number; cursor?: string | null }, signal?: AbortSignal) =>
    request<Page<TagMember>>(`/tags/${part(name)}/users`, { query, signal }),
  users: (query: { search?: string; limit?: number; cursor?: string | null }, signal?: AbortSignal) =>
    request<Page<UserRef>>('/users', { query, signal }),
  profile: (userId: string, signal?: AbortSignal) => request<Profile>(`/users/${part(userId)}`, { signal }),
  sendEvents: (events: NewEvent[], signal?: AbortSignal) => request<Accepted>('/events', { method: 'POST', body: { events }, signal }),
}
