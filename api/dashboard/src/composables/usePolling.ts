import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef, type WatchSource } from 'vue'
import { ApiError } from '../api'

export type PollingState = 'loading' | 'live' | 'paused' | 'failing' | 'failed'

export interface Polling<T> {
  /** The newest answer; kept while later requests fail. */
  data: ShallowRef<T | null>
  /** Why the newest request failed; null after a success. */
  error: ShallowRef<ApiError | null>
  /** Epoch milliseconds of the newest answer, and of the next attempt while failing. */
  updatedAt: Ref<number | null>
  retryAt: Ref<number | null>
  state: ComputedRef<PollingState>
  /** Asks now, whatever the timer says. */
  refresh: () => Promise<void>
  /** Takes an answer that came by another way, as if it had been asked for. */
  accept(next: T): void
}

export interface PollingOptions<T> {
  /** Milliseconds from an answer to the next request; null asks once. A function is asked anew after each answer. */
  every: number | null | (() => number | null)
  /** Another value starts over, without the old answer. */
  on?: WatchSource<unknown>
  /** Names the answer so that a page that is opened again starts with what it last knew. */
  key?: () => string
  onData?: (next: T, previous: T | null) => void
}

const LONGEST_BACKOFF_MS = 30_000
const REMEMBERED = 60
const remembered = new Map<string, { data: unknown; at: number }>()

/** Forgets every remembered answer (tests start clean with it). */
export function forgetAnswers(): void {
  remembered.clear()
}

function remember(key: string, data: unknown): void {
  remembered.delete(key)
  remembered.set(key, { data, at: Date.now() })
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value as string)
}

/**
 * Asks again and again: never two requests at once, none while the tab is hidden, slower and slower while they fail
 * (up to 30 s). The answer stays on the page while later requests fail.
 */
export function usePolling<T>(ask: (signal: AbortSignal) => Promise<T>, options: PollingOptions<T>): Polling<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const updatedAt = ref<number | null>(null)
  const retryAt = ref<number | null>(null)
  const hidden = ref(document.hidden)
  let failures = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | null = null

  const every = () => (typeof options.every === 'function' ? options.every() : options.every)

  function take(next: T): void {
    const previous = data.value
    failures = 0
    error.value = null
    updatedAt.value = Date.now()
    data.value = next
    if (options.key) remember(options.key(), next)
    options.onData?.(next, previous)
  }

  function accept(next: T): void {
    running?.abort()
    running = null
    take(next)
    schedule()
  }

  function schedule(): void {
    clearTimeout(timer)
    retryAt.value = null
    const base = every() ?? (failures ? 2_000 : null)
    if (base === null || hidden.value) return
    const wait = Math.min(base * 2 ** Math.min(failures, 6), Math.max(LONGEST_BACKOFF_MS, base))
    if (failures) retryAt.value = Date.now() + wait
    timer = setTimeout(() => void refresh(), wait)
  }

  async function refresh(): Promise<void> {
    clearTimeout(timer)
    running?.abort()
    const controller = new AbortController()
    running = controller
    try {
      const next = await ask(controller.signal)
      if (controller.signal.aborted) return
      take(next)
    } catch (cause) {
      if (controller.signal.aborted) return
      failures += 1
      error.value = cause instanceof ApiError ? cause : new ApiError('unexpected', String(cause), 0)
    } finally {
      if (running === controller) {
        running = null
        schedule()
      }
    }
  }

  function restart(): void {
    const known = options.key ? remembered.get(options.key()) : undefined
    data.value = (known?.data as T | undefined) ?? null
    updatedAt.value = known?.at ?? null
    error.value = null
    failures = 0
    void refresh()
  }

  function onVisibility(): void {
    hidden.value = document.hidden
    if (hidden.value) clearTimeout(timer)
    else if (!running && (every() !== null || error.value)) void refresh()
  }

  document.addEventListener('visibilitychange', onVisibility)
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibility)
    clearTimeout(timer)
    running?.abort()
    running = null
  })
  if (options.on) watch(options.on, restart)
  restart()

  const state = computed<PollingState>(() => {
    if (error.value) return data.value === null ? 'failed' : 'failing'
    if (data.value === null) return 'loading'
    return hidden.value ? 'paused' : 'live'
  })
  return { data, error, updatedAt, retryAt, state, refresh, accept }
}
