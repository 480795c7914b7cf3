import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { ApiError } from '../api'
import { publishingApi, type Validation, type Written } from '../publishing'

const PAUSE_MS = 250

/** Asks the API about a text while it is typed: once the typing rests, and never two questions at once. */
export function useValidation(written: () => Written | null) {
  const found = shallowRef<Validation | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const asking = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | undefined

  async function ask(): Promise<void> {
    const asked = written()
    running?.abort()
    if (!asked) {
      found.value = null
      asking.value = false
      return
    }
    const controller = (running = new AbortController())
    try {
      const answer = await publishingApi.validate(asked, controller.signal)
      if (controller.signal.aborted) return
      found.value = answer
      error.value = null
    } catch (cause) {
      if (controller.signal.aborted) return
      error.value = cause instanceof ApiError ? cause : new ApiError('unexpected', String(cause), 0)
    }
    asking.value = false
  }
  watch(() => JSON.stringify(written()), () => {
    clearTimeout(timer)
    asking.value = true
    timer = setTimeout(() => void ask(), PAUSE_MS)
  }, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
    running?.abort()
  })
  /** Whether the newest text is known to be right. */
  const valid = computed(() => !asking.value && !error.value && found.value?.valid === true)
  return { found, error, asking, valid, ask }
}
