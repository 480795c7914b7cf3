import { onScopeDispose, ref, shallowRef } from 'vue'
import { ApiError } from '../api'
import { publishingApi, type Preview, type Written } from '../publishing'

const EVERY_MS = 1_000

/** Asks for a preview and waits for what comes of it. Another one takes its place. */
export function usePreview() {
  const preview = shallowRef<Preview | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const running = ref(false)
  const seconds = ref(0)
  let controller: AbortController | undefined

  const rest = (signal: AbortSignal) => new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, EVERY_MS)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

  async function start(written: Written): Promise<void> {
    controller?.abort()
    const { signal } = (controller = new AbortController())
    const began = Date.now()
    preview.value = error.value = null
    running.value = true
    seconds.value = 0
    try {
      let found = await publishingApi.askPreview(written, signal)
      while (!signal.aborted && (found.state === 'asked' || found.state === 'running')) {
        preview.value = found
        await rest(signal)
        if (signal.aborted) return
        seconds.value = Math.round((Date.now() - began) / 1_000)
        found = await publishingApi.preview(found.id, signal)
      }
      preview.value = found
    } catch (cause) {
      if (signal.aborted) return
      error.value = cause instanceof ApiError ? cause : new ApiError('unexpected', String(cause), 0)
    }
    if (!signal.aborted) running.value = false
  }
  onScopeDispose(() => controller?.abort())
  return { preview, error, running, seconds, start }
}
