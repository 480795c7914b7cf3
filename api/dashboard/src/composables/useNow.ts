import { onScopeDispose, readonly, ref, type Ref } from 'vue'

const now = ref(Date.now())
let watchers = 0
let timer: ReturnType<typeof setInterval> | undefined

function tick(): void {
  if (!document.hidden) now.value = Date.now()
}

/** The time in epoch milliseconds, moving on once a second. One timer for the whole page, none when nobody looks. */
export function useNow(): Readonly<Ref<number>> {
  if (watchers++ === 0) {
    now.value = Date.now()
    timer = setInterval(tick, 1_000)
    document.addEventListener('visibilitychange', tick)
  }
  onScopeDispose(() => {
    if (--watchers === 0) {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  })
  return readonly(now)
}
