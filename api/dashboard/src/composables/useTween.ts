import { onScopeDispose, ref, watch, type Ref } from 'vue'

const DURATION_MS = 650

/** The number on its way from its old value to its new one. At once for readers who asked for less motion. */
export function useTween(target: () => number): Ref<number> {
  const shown = ref(target())
  let frame = 0
  watch(target, (to) => {
    cancelAnimationFrame(frame)
    const from = shown.value
    if (document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      shown.value = to
      return
    }
    const startedAt = performance.now()
    const step = (at: number): void => {
      const progress = Math.min(1, Math.max(0, (at - startedAt) / DURATION_MS))
      shown.value = progress === 1 ? to : from + (to - from) * (1 - (1 - progress) ** 3)
      if (progress < 1) frame = requestAnimationFrame(step)
    }
    frame = requestAnimationFrame(step)
  })
  onScopeDispose(() => cancelAnimationFrame(frame))
  return shown
}
