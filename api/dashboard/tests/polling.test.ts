// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'
import { ApiError } from '../src/api'
import { forgetAnswers, usePolling, type Polling } from '../src/composables/usePolling'

let scope: EffectScope
let visibility = 'visible'

beforeEach(() => {
  vi.useFakeTimers()
  forgetAnswers()
  visibility = 'visible'
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => visibility === 'hidden' })
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function show(next: 'visible' | 'hidden'): void {
  visibility = next
  document.dispatchEvent(new Event('visibilitychange'))
}
const start = <T>(...args: Parameters<typeof usePolling<T>>): Polling<T> => scope.run(() => usePolling(...args))!
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

test('it asks at once and then after every interval', async () => {
  const ask = vi.fn(async () => 'answer')
  const polling = start(ask, { every: 1_000 })
  expect(polling.state.value).toBe('loading')
  await pass(0)
  expect(polling.state.value).toBe('live')
  await pass(3_000)
  expect(ask).toHaveBeenCalledTimes(4)
})

test('a slow answer is waited for, never asked for twice', async () => {
  const ask = vi.fn(() => new Promise<string>((resolve) => setTimeout(() => resolve('late'), 5_000)))
  start(ask, { every: 1_000 })
  await pass(4_900)
  expect(ask).toHaveBeenCalledTimes(1)
  await pass(1_200)
  expect(ask).toHaveBeenCalledTimes(2)
})

test('a hidden tab asks nothing and catches up when it is shown', async () => {
  const ask = vi.fn(async () => 'answer')
  const polling = start(ask, { every: 1_000 })
  await pass(0)
  show('hidden')
  expect(polling.state.value).toBe('paused')
  await pass(60_000)
  expect(ask).toHaveBeenCalledTimes(1)
  show('visible')
  await pass(0)
  expect(ask).toHaveBeenCalledTimes(2)
})

test('failures keep the last answer, slow down to half a minute, and heal', async () => {
  let broken = false
  const ask = vi.fn(async () => {
    if (broken) throw new ApiError('unavailable', 'ClickHouse is down', 503, 'r1')
    return 'answer'
  })
  const polling = start(ask, { every: 1_000 })
  await pass(0)
  broken = true
  await pass(1_000)
  expect(polling.state.value).toBe('failing')
  expect(polling.data.value).toBe('answer')
  expect(polling.error.value?.requestId).toBe('r1')
  await pass(1_900)
  expect(ask).toHaveBeenCalledTimes(2)
  await pass(200)
  expect(ask).toHaveBeenCalledTimes(3)
  await pass(120_000)
  const before = ask.mock.calls.length
  await pass(30_000)
  expect(ask.mock.calls.length - before).toBe(1)
  broken = false
  await pass(30_000)
  expect(polling.state.value).toBe('live')
})

test('another subject drops the old answer and the request for it', async () => {
  const subject = ref('a')
  const signals: AbortSignal[] = []
  const polling = start(
    (signal) => {
      signals.push(signal)
      const asked = subject.value
      return new Promise<string>((resolve) => setTimeout(() => resolve(asked), 100))
    },
    { every: 1_000, on: subject },
  )
  await pass(50)
  subject.value = 'b'
  await pass(60)
  expect(signals[0]!.aborted).toBe(true)
  expect(polling.data.value).toBeNull()
  await pass(60)
  expect(polling.data.value).toBe('b')
})

test('a page that is opened again starts with what it last knew', async () => {
  start(async () => 'first', { every: null, key: () => 'page' })
  await pass(0)
  scope.stop()
  scope = effectScope()
  const again = start(() => new Promise<string>(() => undefined), { every: null, key: () => 'page' })
  expect(again.data.value).toBe('first')
})

test('a page that is left asks no more', async () => {
  const ask = vi.fn(async () => 'answer')
  start(ask, { every: 1_000 })
  await pass(0)
  scope.stop()
  await pass(5_000)
  expect(ask).toHaveBeenCalledTimes(1)
})

test('an answer that came by another way counts as one that was asked for, and the one under way is let go', async () => {
  let every = 1_000
  const onData = vi.fn()
  const ask = vi.fn(() => new Promise<string>((resolve) => setTimeout(() => resolve('asked'), 500)))
  const polling = start(ask, { every: () => every, onData })
  every = 30_000
  polling.accept('pushed')
  await pass(29_000)
  expect([polling.data.value, polling.state.value, ask.mock.calls.length]).toEqual(['pushed', 'live', 1])
  expect(onData.mock.calls).toEqual([['pushed', null]])
  await pass(2_000)
  expect([polling.data.value, ask.mock.calls.length]).toEqual(['asked', 2])
})
