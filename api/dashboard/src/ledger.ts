/** The ledger: what arrived in the log and what became of it. */

import { request, type Page } from './api'

export interface Arrivals {
  on_time: number
  late: number
  future: number
  malformed: number
  duplicate: number
}
/** The source that is no table. */
export const EVENTS = 'events'
export const KINDS = ['on_time', 'late', 'duplicate', 'future', 'malformed'] as const
export type Kind = (typeof KINDS)[number]
export interface SourceLedger {
  source: string
  totals: Arrivals
  longest_late_seconds: number
  refused: Record<string, number>
  hours: (Arrivals & { hour: string })[]
}
export interface TagCorrections {
  tag: string
  version: number
  changes: number
  corrections: number
}
export interface Ledger {
  from: string
  to: string
  sources: SourceLedger[]
  tags: TagCorrections[]
}
export interface DeadLetter {
  topic: string
  partition: number
  offset: number
  reason: string
  detail: string
  logged_at: string
  payload: string
  payload_bytes: number
}
export interface Replayed {
  who: string
  at: string
  topic: string
  partition: number
  offset: number
}
/** A dead letter with all of its bytes; `payload` is null where they are no text. */
export interface WholeLetter {
  topic: string
  partition: number
  offset: number
  payload: string | null
  payload_bytes: number
  replay: Replayed | null
}
export const REASONS = ['malformed', 'missing_field', 'wrong_type', 'future', 'too_large'] as const

/** How many arrived, whatever became of them. */
export const arrived = (hour: Arrivals): number => KINDS.reduce((sum, kind) => sum + hour[kind], 0)

type Place = Pick<DeadLetter, 'topic' | 'partition' | 'offset'>
const at = (letter: Place): string => `/ledger/dead_letters/${encodeURIComponent(letter.topic)}/${letter.partition}/${letter.offset}`

export const ledgerApi = {
  letter: (letter: Place) => request<WholeLetter>(at(letter)),
  /** `payload` null sends the bytes as they were. */
  replay: (letter: Place, payload: string | null) => request<Replayed>(`${at(letter)}/replay`, { method: 'POST', body: { payload } }),
  read: (hours: number, signal?: AbortSignal) => request<Ledger>('/ledger', { query: { hours }, signal }),
  deadLetters: (query: { reason?: string | null; limit?: number; cursor?: string | null }, signal?: AbortSignal) =>
    request<Page<DeadLetter>>('/ledger/dead_letters', { query, signal }),
}
