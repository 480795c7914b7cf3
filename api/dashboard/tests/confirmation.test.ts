import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CONFIRMATION_MS, useConfirmation } from '../src/composables/useConfirmation'

describe('a click that has to be confirmed', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('acts on the second click, and then asks anew', () => {
    const { sure, asked } = useConfirmation()
    expect(sure('a')).toBe(false)
    expect(asked.value).toBe('a')
    expect(sure('a')).toBe(true)
    expect(asked.value).toBe('')
    expect(sure('a')).toBe(false)
  })

  it('is asked for each thing by itself: a click on another arms that one alone', () => {
    const { sure, asked } = useConfirmation()
    sure('a')
    expect(sure('b')).toBe(false)
    expect(asked.value).toBe('b')
    expect(sure('a')).toBe(false)
  })

  it('lapses when the second click does not come', () => {
    const { sure, asked } = useConfirmation()
    sure('a')
    vi.advanceTimersByTime(CONFIRMATION_MS - 1)
    expect(asked.value).toBe('a')
    vi.advanceTimersByTime(1)
    expect(asked.value).toBe('')
    expect(sure('a')).toBe(false)
  })

  it('waits its whole time from the newest click, not from one before', () => {
    const { sure, asked } = useConfirmation()
    sure('a')
    vi.advanceTimersByTime(CONFIRMATION_MS - 1)
    sure('b')
    vi.advanceTimersByTime(CONFIRMATION_MS - 1)
    expect(asked.value).toBe('b')
  })

  it('leaves no timer behind when its page is left', () => {
    const scope = effectScope()
    scope.run(() => useConfirmation().sure())
    scope.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
