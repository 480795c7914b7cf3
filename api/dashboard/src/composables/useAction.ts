import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '../api'

/** One change at a time: whether it is under way, and why the last one was refused. */
export function useAction(): { busy: Ref<boolean>; failure: ShallowRef<ApiError | null>; act: (change: () => Promise<unknown>) => Promise<boolean> } {
  const busy = ref(false)
  const failure = shallowRef<ApiError | null>(null)
  async function act(change: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    failure.value = null
    try {
      await change()
      return true
    } catch (cause) {
      failure.value = cause instanceof ApiError ? cause : new ApiError('unexpected', String(cause), 0)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, failure, act }
}
