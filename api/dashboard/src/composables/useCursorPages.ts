import { computed, ref, watch, type ComputedRef, type Ref, type WatchSource } from 'vue'

export interface CursorPages {
  cursor: ComputedRef<string | null>
  /** From 1. */
  number: ComputedRef<number>
  hasPrevious: ComputedRef<boolean>
  next: (cursor: string) => void
  previous: () => void
}

/** Remembers the cursors of the pages gone through, so that there is a way back. Another filter starts at page one. */
export function useCursorPages(filter: WatchSource<unknown>): CursorPages {
  const cursors: Ref<(string | null)[]> = ref([null])
  watch(filter, () => (cursors.value = [null]), { flush: 'sync' })
  return {
    cursor: computed(() => cursors.value.at(-1) ?? null),
    number: computed(() => cursors.value.length),
    hasPrevious: computed(() => cursors.value.length > 1),
    next: (cursor) => (cursors.value = [...cursors.value, cursor]),
    previous: () => {
      if (cursors.value.length > 1) cursors.value = cursors.value.slice(0, -1)
    },
  }
}
