import { shallowRef, type ShallowRef } from 'vue'

const KEPT = 30
const seen = shallowRef<Record<string, number[]>>({})

export interface History {
  all: ShallowRef<Record<string, number[]>>
  of: (name: string) => number[]
  note: (values: Record<string, number | null>) => void
}

/** The last 30 values of named numbers, kept for the visit. */
export function useHistory(): History {
  return {
    all: seen,
    of: (name) => seen.value[name] ?? [],
    note(values) {
      const next = { ...seen.value }
      for (const [name, value] of Object.entries(values)) if (value !== null) next[name] = [...(next[name] ?? []), value].slice(-KEPT)
      seen.value = next
    },
  }
}
