import { expect, test } from 'vitest'
import { newest, policyOf, QUIET, type Watch } from '../src/crowdWatch'

const watch = (sequence: number) => ({ ...QUIET, rest_seconds: 60, id: 'w', sequence, batch: 1, published: true, enters_total: 2, leaves_total: 0, told_at: null, problem: '' }) as Watch

test('what is sent as a policy is what a person may set, and nothing of how far the telling has come', () => {
  expect(policyOf(watch(2))).toEqual({ ...QUIET, rest_seconds: 60 })
})

test('the newest deltas lie after the sequence that many before the last', () => {
  expect([newest(watch(50), 20), newest(watch(5), 20)]).toEqual([30, 0])
})
