import { computed, type ComputedRef, type Ref } from 'vue'
import { byDimension } from '../dimensions'
import { toMillis } from '../format'
import type { TagSummary } from '../api'

export const SORTS = ['title', 'users', 'changed'] as const
export type Sort = (typeof SORTS)[number]
export interface TagGroup {
  dimension: string
  tags: TagSummary[]
}

const orders: Record<Sort, (a: TagSummary, b: TagSummary) => number> = {
  title: (a, b) => a.title.localeCompare(b.title),
  users: (a, b) => b.users - a.users,
  changed: (a, b) => (toMillis(b.last_changed_at) ?? 0) - (toMillis(a.last_changed_at) ?? 0),
}

/** The tags with every word of the search in their name, title, description or owner. */
export function searchTags(tags: TagSummary[], search: string): TagSummary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.length) return tags
  return tags.filter((tag) => {
    const text = [tag.name, tag.title, tag.description, tag.owner, tag.dimension].join(' ').toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The tags by dimension, in the order of the dimensions; inside one, by the sort and then by name, so that equals stay still. */
export function groupTags(tags: TagSummary[], sort: Sort): TagGroup[] {
  const groups = new Map<string, TagSummary[]>()
  for (const tag of tags) groups.set(tag.dimension, [...(groups.get(tag.dimension) ?? []), tag])
  return [...groups]
    .sort(([a], [b]) => byDimension(a, b))
    .map(([dimension, members]) => ({ dimension, tags: members.sort((a, b) => orders[sort](a, b) || a.name.localeCompare(b.name)) }))
}

export function useTagFilter(tags: () => TagSummary[], search: Ref<string>, dimension: Ref<string>, sort: Ref<string>): {
  found: ComputedRef<TagSummary[]>
  groups: ComputedRef<TagGroup[]>
} {
  const found = computed(() => searchTags(tags(), search.value))
  const groups = computed(() => {
    const inDimension = dimension.value ? found.value.filter((tag) => tag.dimension === dimension.value) : found.value
    return groupTags(inDimension, SORTS.find((name) => name === sort.value) ?? 'title')
  })
  return { found, groups }
}
