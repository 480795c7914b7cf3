import { ref, watch, type Ref, type WatchSource } from 'vue'
import { toMillis } from '../format'
import type { Profile, ProfileTag, Value } from '../api'

export interface ProfileChange {
  id: number
  tag: string
  title: string
  before: Value
  after: Value
  /** When the value came to be, and when this page saw it (epoch milliseconds). */
  at: number
  seenAt: number
}

const KEPT = 50

/** What differs between two readings of a profile. A tag that is absent has no value; a newer version of a tag is compared by value. */
export function profileChanges(before: ProfileTag[], after: ProfileTag[], seenAt: number): Omit<ProfileChange, 'id'>[] {
  const old = new Map(before.map((tag) => [tag.tag, tag]))
  const changes: Omit<ProfileChange, 'id'>[] = []
  for (const tag of after) {
    const previous = old.get(tag.tag)
    old.delete(tag.tag)
    const value = previous?.value ?? null
    if (value !== tag.value) changes.push({ tag: tag.tag, title: tag.title, before: value, after: tag.value, at: toMillis(tag.since) ?? seenAt, seenAt })
  }
  for (const gone of old.values()) {
    if (gone.value !== null) changes.push({ tag: gone.tag, title: gone.title, before: gone.value, after: null, at: seenAt, seenAt })
  }
  return changes
}

/** The changes seen while this page is open, newest first, and the newest of each tag. Another user starts a new log. */
export function useProfileChanges(user: WatchSource<string>): {
  log: Ref<ProfileChange[]>
  latest: Ref<Record<string, ProfileChange>>
  note: (next: Profile, previous: Profile | null) => ProfileChange[]
} {
  const log = ref<ProfileChange[]>([])
  const latest = ref<Record<string, ProfileChange>>({})
  let counter = 0
  watch(
    user,
    () => {
      log.value = []
      latest.value = {}
    },
    { flush: 'sync' },
  )
  function note(next: Profile, previous: Profile | null): ProfileChange[] {
    if (!previous || previous.user_id !== next.user_id) return []
    const found = profileChanges(previous.tags, next.tags, Date.now()).map((change) => ({ ...change, id: ++counter }))
    if (found.length) {
      log.value = [...found.toReversed(), ...log.value].slice(0, KEPT)
      latest.value = { ...latest.value, ...Object.fromEntries(found.map((change) => [change.tag, change])) }
    }
    return found
  }
  return { log, latest, note }
}
