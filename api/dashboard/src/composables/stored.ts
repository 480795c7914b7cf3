import { ref, watch, type Ref } from 'vue'

/** A value kept in the browser under `tagstream.<name>`; the fallback when nothing usable is stored. */
export function stored<T>(name: string, fallback: T, usable: (value: unknown) => value is T): Ref<T> {
  const key = `tagstream.${name}`
  const value = ref(fallback) as Ref<T>
  try {
    const raw = localStorage.getItem(key)
    if (raw !== null) {
      const parsed: unknown = raw.startsWith('{') || raw.startsWith('[') ? JSON.parse(raw) : raw
      if (usable(parsed)) value.value = parsed
    }
  } catch {
    // Storage that is refused or damaged leaves the fallback.
  }
  watch(
    value,
    (next) => {
      try {
        localStorage.setItem(key, typeof next === 'string' ? next : JSON.stringify(next))
      } catch {
        // The choice then lasts for this visit.
      }
    },
    { deep: true },
  )
  return value
}
