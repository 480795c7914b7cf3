import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { api, type UserRef } from '../api'
import { usePolling, type Polling } from './usePolling'
import type { Page } from '../api'

const PAUSE_MS = 150

/** The text a moment after the reader stopped typing. */
export function useDebounced(text: Ref<string>): Ref<string> {
  const settled = ref(text.value.trim())
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(text, (next) => {
    clearTimeout(timer)
    timer = setTimeout(() => (settled.value = next.trim()), PAUSE_MS)
  })
  onScopeDispose(() => clearTimeout(timer))
  return settled
}

/** The first users whose id starts with the text; an empty text finds nobody. */
export function useUserSearch(text: Ref<string>, limit: number): { found: Polling<Page<UserRef>>; items: Ref<UserRef[]> } {
  const search = useDebounced(text)
  const nobody: Page<UserRef> = { items: [], next: null }
  const found = usePolling((signal) => (search.value ? api.users({ search: search.value, limit }, signal) : Promise.resolve(nobody)), { every: null, on: search })
  return { found, items: computed(() => found.data.value?.items ?? []) }
}
