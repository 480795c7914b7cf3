import { ref, shallowRef } from 'vue'
import { ApiError } from '../api'
import type { VersionList } from '../publishing'

/** Sends one change after the other. What a change answers is the newest list of versions. */
export function useTagActions(done: (list: VersionList) => void) {
  const busy = ref('')
  const error = shallowRef<ApiError | null>(null)
  async function act(name: string, change: () => Promise<VersionList>): Promise<void> {
    if (busy.value) return
    busy.value = name
    error.value = null
    try {
      done(await change())
    } catch (cause) {
      error.value = cause instanceof ApiError ? cause : new ApiError('unexpected', String(cause), 0)
    } finally {
      busy.value = ''
    }
  }
  return { busy, error, act }
}
