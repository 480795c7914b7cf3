import { expect, test } from 'vitest'
import { inOrder, momentOf, type Snapshot } from '../src/crowdTimes'

const snapshot = (id: string, as_of: string | null, state: Snapshot['state'] = 'done') => ({ id, as_of, state }) as Snapshot

test('two snapshots are compared in the order of time, however they were chosen', () => {
  const items = [snapshot('new', '2026-02-02T00:00:00.000Z'), snapshot('old', '2026-01-01T00:00:00.000Z')]
  for (const chosen of [['new', 'old'], ['old', 'new']]) expect(inOrder(items, chosen)?.map((item) => item.id)).toEqual(['old', 'new'])
})

test('only two that are done are compared', () => {
  const items = [snapshot('a', '2026-01-01T00:00:00.000Z'), snapshot('b', null, 'running')]
  expect(inOrder(items, ['a', 'b'])).toBeNull()
  expect(inOrder(items, ['a'])).toBeNull()
  expect(inOrder(items, ['a', 'gone'])).toBeNull()
})

test('a local time is asked for in UTC, and what is none is not', () => {
  expect(momentOf('2026-01-31T09:30')).toBe(new Date(2026, 0, 31, 9, 30).toISOString())
  expect(momentOf('')).toBeNull()
  expect(momentOf('tomorrow')).toBeNull()
})
