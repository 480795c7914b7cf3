// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { AGAIN_MS, useLiveProfile } from '../src/composables/useLiveProfile'
import { course, fieldToUtc, lateBySeconds } from '../src/past'
import type { Profile } from '../src/api'

/** As much of a browser's EventSource as the page uses, under the test's hand. */
class Source extends EventTarget {
  static readonly CLOSED = 2
  static opened: Source[] = []
  readyState = 0
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    Source.opened.push(this)
  }
  close(): void {
    this.readyState = 2
  }
  push(profile: Partial<Profile>): void {
    this.dispatchEvent(new MessageEvent('profile', { data: JSON.stringify(profile) }))
  }
}
let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('EventSource', Source)
  Source.opened = []
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a profile that the server pushes is handed on, and another user has another stream', async () => {
  const user = ref<string | null>('a/b')
  const got: Partial<Profile>[] = []
  const streaming = scope.run(() => useLiveProfile(user, (profile) => got.push(profile)))!
  expect(Source.opened.map((source) => source.url)).toEqual(['/api/v1/users/a%2Fb/live'])
  expect(streaming.value).toBe(false)
  Source.opened[0]!.onopen!()
  expect(streaming.value).toBe(true)
  Source.opened[0]!.push({ user_id: 'a/b' })
  expect(got).toEqual([{ user_id: 'a/b' }])
  user.value = null
  await nextTick()
  expect([Source.opened[0]!.readyState, streaming.value]).toEqual([Source.CLOSED, false])
})

test('while the browser tries again the page asks by itself; a stream that was refused is asked for later', () => {
  const streaming = scope.run(() => useLiveProfile(ref('u'), () => undefined))!
  const first = Source.opened[0]!
  first.onopen!()
  first.onerror!()
  expect(streaming.value).toBe(false)
  vi.advanceTimersByTime(AGAIN_MS)
  expect(Source.opened).toHaveLength(1)
  first.close()
  first.onerror!()
  vi.advanceTimersByTime(AGAIN_MS)
  expect(Source.opened).toHaveLength(2)
})

test('a course goes from the oldest change to now, with gaps where there was no value', () => {
  const changes = [
    { at: '2026-01-01T00:00:03Z', value: 5 },
    { at: '2026-01-01T00:00:02Z', value: null },
    { at: '2026-01-01T00:00:01Z', value: 4 },
  ]
  const second = Date.parse('2026-01-01T00:00:00Z')
  expect(course(changes, second + 9_000)).toEqual([
    [second + 1_000, 4],
    [second + 2_000, null],
    [second + 3_000, 5],
    [second + 9_000, 5],
  ])
  expect(course([], second)).toEqual([])
})

test('only an event that was logged more than five minutes after it happened is late', () => {
  const event = { event_id: 'e', user_id: 'u', event_type: 't', item_id: null, properties: {}, occurred_at: '2026-01-01T00:00:00Z' }
  expect(lateBySeconds({ ...event, logged_at: '2026-01-01T00:05:00Z' })).toBeNull()
  expect(lateBySeconds({ ...event, logged_at: '2026-01-01T00:05:01Z' })).toBe(301)
})

test('a field that holds no time asks for now', () => {
  expect([fieldToUtc(''), fieldToUtc('tomorrow')]).toEqual([null, null])
  expect(fieldToUtc('2026-01-01T10:00:00')).toBe(new Date(2026, 0, 1, 10).toISOString())
})
