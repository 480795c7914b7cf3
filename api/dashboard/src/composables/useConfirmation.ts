import { onScopeDispose, ref, type Ref } from 'vue'

/** How long a first click waits for the second, in milliseconds. */
export const CONFIRMATION_MS = 8_000

/**
 * What a second click has to confirm: `sure(key)` is true on the second click for the same `key` within `CONFIRMATION_MS`.
 * `asked` is the key that waits for it, '' for none: a button left armed would act on the next click, hours later.
 */
export function useConfirmation(): { asked: Ref<string>; sure: (key?: string) => boolean; forget: () => void } {
  const asked = ref('')
  let lapse: ReturnType<typeof setTimeout> | undefined
  function forget(): void {
    clearTimeout(lapse)
    asked.value = ''
  }
  function sure(key = 'this'): boolean {
    const second = asked.value === key
    forget()
    if (second) return true
    asked.value = key
    lapse = setTimeout(forget, CONFIRMATION_MS)
    return false
  }
  onScopeDispose(forget)
  return { asked, sure, forget }
}
