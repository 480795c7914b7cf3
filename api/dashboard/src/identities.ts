/** Which ids are one person, and the merges that made them so. */

import { request } from './api'

export interface Merge {
  id: string
  user_id: string
  into: string
  /** null where it is masked. */
  reason: string | null
  masked: boolean
  merged_by: string
  merged_at: string
  undone_by: string | null
  undone_at: string | null
}
export interface Person {
  user_id: string
  canonical: string
  identities: string[]
  items: Merge[]
}
export interface Identity {
  id: string
  /** The merge that holds, where the id was merged into another. */
  merge: Merge | null
  canonical: boolean
}

const at = (userId: string) => `/users/${encodeURIComponent(userId)}/merges`

export const identitiesApi = {
  read: (userId: string, signal?: AbortSignal) => request<Person>(at(userId), { signal }),
  merge: (userId: string, into: string, reason: string) => request<Merge>(at(userId), { method: 'POST', body: { into, reason } }),
  unmerge: (merge: Merge) => request<Merge>(`${at(merge.user_id)}/${merge.id}`, { method: 'DELETE' }),
}

/** The ids of a person, the canonical one first, each with the merge that holds. */
export function idsOf(person: Person): Identity[] {
  const held = new Map(person.items.filter((merge) => !merge.undone_at).map((merge) => [merge.user_id, merge]))
  return person.identities
    .map((id) => ({ id, merge: held.get(id) ?? null, canonical: id === person.canonical }))
    .sort((one, other) => Number(other.canonical) - Number(one.canonical))
}
