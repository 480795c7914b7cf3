import { expect, test } from 'vitest'
import { freeName, nextStep, partsOf, type Best, type Found, type Lookalike } from '../src/lookalikes'

const best = (part: number, score: number): Best => ({ part, score, users: part * 1000, found: 0.5, lift: 2, low: 1, high: 3, rule: null })
const found = (given: Partial<Found> = {}): Found => ({
  version: 1, live: false, auc: 0.8, auc_error: 0.01, seeds: 900, others: 9000, sampled_seeds: 900, sampled_others: 900,
  held_out_seeds: 270, held_out_others: 270, best: [best(0.05, 0.9), best(0.2, 0.6)], wanted: null, signs: [], ...given,
})
const item = (given: Partial<Lookalike> = {}): Lookalike => ({ model: 'm', title: 'M', owner: 'ann', state: 'trained', cause: '', features: [], found: found(), tag_text: '', tag_live: false, ...given })

test('a model has a name that nobody has, and that is not too long', () => {
  expect(freeName('vip', [])).toBe('like_vip')
  expect(freeName('vip', ['like_vip', 'like_vip_2'])).toBe('like_vip_3')
  const long = freeName('x'.repeat(63), [])
  expect(long.length).toBeLessThanOrEqual(63)
  expect(freeName('x'.repeat(63), [long]).length).toBeLessThanOrEqual(63)
})

test('one step after the other leads from the question to a crowd', () => {
  expect(nextStep(item({ state: 'asked' }))).toBe('wait')
  expect(nextStep(item({ state: 'refused', found: null }))).toBeNull()
  expect(nextStep(item())).toBe('live')
  expect(nextStep(item({ found: found({ live: true }) }))).toBe('tag')
  expect(nextStep(item({ found: found({ live: true }), tag_live: true }))).toBe('save')
})

test('parts that begin at the same score are shown once', () => {
  expect(partsOf(found({ best: [best(0.05, 0.9), best(0.05, 0.9), best(0.2, 0.6)] })).map((part) => part.part)).toEqual([0.05, 0.2])
})

test('the wanted size stands among the best parts once', () => {
  expect(partsOf(found()).map((part) => part.wanted)).toEqual([false, false])
  expect(partsOf(found({ wanted: best(0.1, 0.8) })).map((part) => [part.part, part.wanted])).toEqual([[0.05, false], [0.1, true], [0.2, false]])
  expect(partsOf(found({ wanted: best(0.2, 0.6) })).map((part) => part.wanted)).toEqual([false, true])
})
