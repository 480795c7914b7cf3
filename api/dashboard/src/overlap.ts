/** How crowds lie over each other: what the API says of each two, and how a cell is coloured and written. */

import { request } from './api'
import type { Rule } from './crowds'
import type { Picked } from './pages/behaviour/points'

export const FEWEST = 2
export const MOST = 20
export const MEASURES = ['users', 'jaccard', 'share', 'lift'] as const
export type Measure = (typeof MEASURES)[number]
export interface OverlapCell {
  row: string
  column: string
  users: number
  union: number
  jaccard: number | null
  share: number | null
  lift: number | null
  lift_low: number | null
  lift_high: number | null
  adjusted_p_value: number | null
  significant: boolean
  small: boolean
}
export interface Overlap {
  base: string | null
  base_users: number
  crowds: { name: string; title: string; users: number }[]
  cells: OverlapCell[]
}

export const askOverlap = (crowds: readonly string[], base: string, signal?: AbortSignal) =>
  request<Overlap>('/crowd-overlap', { query: { crowds, base: base || null }, signal })

/** Names from the address that are crowds, each once, as many as may be. */
export const chosenOf = (text: string, known: readonly string[]) => [...new Set(text.split(','))].filter((name) => known.includes(name)).slice(0, MOST)

/** A cell's number; null where there is none to tell, and for a crowd with itself, which is always all of it. */
export function valueOf(cell: OverlapCell, measure: Measure): number | null {
  return cell.row === cell.column && measure !== 'users' ? null : cell[measure]
}

const FARTHEST = 3
/** Where a cell stands on the scale of colours: lift by doublings, so that half as often is as far from 1 as twice as often. */
export function shadeOf(cell: OverlapCell, measure: Measure): number | null {
  const value = valueOf(cell, measure)
  if (value === null || measure !== 'lift') return value
  return Math.max(-FARTHEST, Math.min(FARTHEST, Math.log2(value)))
}

/** The ends of that scale. A crowd with itself does not set it: it would leave all others pale. */
export function scaleOf(cells: readonly OverlapCell[], measure: Measure): [number, number] {
  if (measure === 'lift') return [-FARTHEST, FARTHEST]
  if (measure !== 'users') return [0, 1]
  return [0, Math.max(1, ...cells.filter((cell) => cell.row !== cell.column).map((cell) => cell.users))]
}

/** The users of both crowds, and of the base, as a crowd to save; null where there are none. */
export function bothOf(cell: OverlapCell, overlap: Overlap): Picked | null {
  if (cell.row === cell.column || !cell.users) return null
  const title = (name: string) => overlap.crowds.find((crowd) => crowd.name === name)?.title ?? name
  const parts: Rule[] = [{ crowd: cell.row }, { crowd: cell.column }]
  if (overlap.base && overlap.base !== cell.row && overlap.base !== cell.column) parts.push({ crowd: overlap.base })
  return { rule: { all: parts }, moving: null, title: `${title(cell.row)} ∩ ${title(cell.column)}` }
}
