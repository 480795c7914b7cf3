import { computed, onScopeDispose, reactive, watch, type ComputedRef } from 'vue'
import { behaviourApi, type Chart, type OfPeriod, type Query } from '../behaviour'
import { usePolling, type Polling } from './usePolling'
import { useQuery } from './useQuery'

const EDITING_MS = 350

/** The question that a builder edits. It lives in the address; the answer is that of the newest whole question. */
export function useChartQuery<Q extends Query, A extends OfPeriod>(chart: Chart, fallback: Q, whole: (query: Q) => boolean): { query: Q; answer: Polling<A | null>; ready: ComputedRef<boolean> } {
  const address = useQuery('q')
  const query = reactive(read(address.value)) as Q
  let timer: ReturnType<typeof setTimeout> | undefined

  function read(text: string): Q {
    try {
      const found: unknown = JSON.parse(text)
      if (found && typeof found === 'object' && !Array.isArray(found)) return { ...structuredClone(fallback), ...found }
    } catch {
      // No question, or none that can be read: the usual one, then.
    }
    return structuredClone(fallback)
  }
  const written = () => JSON.stringify(query)
  watch(written, (text) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (whole(query)) address.value = text
    }, EDITING_MS)
  })
  watch(address, (text) => {
    if (text !== written()) Object.assign(query, read(text))
  })
  onScopeDispose(() => clearTimeout(timer))

  const answer = usePolling<A | null>(
    async (signal) => {
      const asked = read(address.value)
      return whole(asked) ? behaviourApi.ask<A>(chart, asked, signal) : null
    },
    { every: null, on: address },
  )
  return { query, answer, ready: computed(() => whole(query)) }
}
