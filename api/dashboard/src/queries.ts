/** Queries over the documented views: run, exported, saved. */

import { request, type ApiError, type Page, type Problem } from './api'
import type { TextProblem } from './publishing'

export interface ResultColumn {
  name: string
  type: string
}
export interface QueryResult {
  columns: ResultColumn[]
  rows: unknown[][]
  truncated: boolean
  seconds: number
  views: string[]
}
export interface SavedQuery {
  id: string
  title: string
  sql: string
  shared: boolean
  owner: string
  changeable: boolean
  revision: number
  updated_at: string
}
export interface QueryText {
  title: string
  sql: string
  shared: boolean
}
export interface View {
  name: string
  about: string
  columns: { name: string; type: string; about: string }[]
}
export interface Views {
  items: View[]
  functions: string[]
  sees: string[]
  seconds: number
  rows: number
  exported_rows: number
}

const part = encodeURIComponent
export const queriesApi = {
  views: (signal?: AbortSignal) => request<Views>('/queries/views', { signal }),
  run: (sql: string, signal?: AbortSignal) => request<QueryResult>('/queries/run', { method: 'POST', body: { sql }, signal }),
  export: (sql: string) => request<string>('/queries/export', { method: 'POST', body: { sql }, asText: true }),
  list: (cursor: string | null, signal?: AbortSignal) => request<Page<SavedQuery>>('/queries', { query: { limit: 50, cursor }, signal }),
  read: (id: string, signal?: AbortSignal) => request<SavedQuery>(`/queries/${part(id)}`, { signal }),
  save: (query: QueryText) => request<SavedQuery>('/queries', { method: 'POST', body: query }),
  change: (saved: SavedQuery, query: QueryText) => request<SavedQuery>(`/queries/${part(saved.id)}`, { method: 'PUT', body: query, revision: saved.revision }),
  remove: (saved: SavedQuery) => request<void>(`/queries/${part(saved.id)}`, { method: 'DELETE', revision: saved.revision }),
}

const PLACED = /^line (\d+), column (\d+): ([\s\S]*)$/

/** The problems of a text that the API placed in it, for the editor to mark. */
export function placed(error: ApiError | null): TextProblem[] {
  const found = (error?.problems ?? []).map((problem: Problem) => ({ problem, at: PLACED.exec(problem.message) }))
  return found.flatMap(({ problem, at }) => (problem.path === 'sql' && at ? [{ line: Number(at[1]), column: Number(at[2]), message: at[3]!, suggestion: typeof problem.allowed === 'string' ? problem.allowed : '' }] : []))
}

const NUMBERS = /^(?:U?Int\d|Float|Decimal|BFloat)/

/** Whether a column holds numbers, by ClickHouse's type. */
export function isNumeric(type: string): boolean {
  return NUMBERS.test(type.replace(/^(?:(?:Nullable|LowCardinality)\()+/, ''))
}

/** A cell as text. `null` stays itself: it is not the text "null". */
export function cellText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
