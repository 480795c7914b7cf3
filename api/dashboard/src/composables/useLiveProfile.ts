import { onScopeDispose, ref, watch, type Ref, type WatchSource } from 'vue'
import { past } from '../past'
import type { Profile } from '../api'

/** How soon a stream that was refused is asked for again. */
export const AGAIN_MS = 60_000

/**
 * A user's profile pushed by the server whenever it changes. `streaming` says whether one can rely on it: while it is
 * false the page has to ask by itself. A stream that ends is taken up again by the browser, which says what it has seen.
 */
export function useLiveProfile(user: WatchSource<string | null>, onProfile: (profile: Profile) => void): Ref<boolean> {
  const streaming = ref(false)
  let source: EventSource | null = null
  let again: ReturnType<typeof setTimeout> | undefined

  function stop(): void {
    clearTimeout(again)
    source?.close()
    source = null
    streaming.value = false
  }
  function start(userId: string | null): void {
    stop()
    if (userId === null || typeof EventSource === 'undefined') return
    const opened = new EventSource(past.live(userId))
    source = opened
    opened.onopen = () => (streaming.value = true)
    opened.addEventListener('profile', (event) => {
      streaming.value = true
      onProfile(JSON.parse((event as MessageEvent<string>).data) as Profile)
    })
    opened.onerror = () => {
      streaming.value = false
      // Closed for good: the server had no room, or is older than this page.
      if (opened.readyState === EventSource.CLOSED) again = setTimeout(() => start(userId), AGAIN_MS)
    }
  }
  watch(user, start, { immediate: true })
  onScopeDispose(stop)
  return streaming
}
