import { expect, test } from 'vitest'
import { earlier, named, worstFirst, wrongFeatures, type FeatureExample, type FeatureOutcome, type FeatureParity, type FeatureReport } from '../src/featureParity'

const feature = (tag: string, wrong = 0): FeatureOutcome => ({ tag, version: 1, equal: 10 - wrong, different: wrong, missing: 0, extra: 0, pending: 0, wrong, greatest_difference: null, causes: [] })
const report = (id: number, ...features: FeatureOutcome[]): FeatureReport => ({ id, version: 1, state: 'equal', made_at: '', from_at: '', until_at: '', vectors: 10, whole: true, features })
const example = (user_id: string): FeatureExample => ({ user_id, prediction_id: 'p', served_at: '', outcome: 'different', served: 1, known: 2, cause: 'late_value' })
const parity = (changes: Partial<FeatureParity>): FeatureParity => ({ name: 'buys', state: 'equal', latest: null, examples: [], items: [], next: null, ...changes })

test('features with wrong values are shown first, the worst before the others, and what was given stays as it is', () => {
  const given = [feature('city'), feature('spend', 2), feature('age'), feature('tier', 5)]
  expect(worstFirst(given).map((each) => each.tag)).toEqual(['tier', 'spend', 'age', 'city'])
  expect(given[0]!.tag).toBe('city')
  expect(wrongFeatures(report(1, ...given))).toBe(2)
})

test('the history leaves out the report that is shown above it, wherever it stands', () => {
  const items = [report(3), report(2), report(1)]
  expect(earlier(parity({ items, latest: report(2) })).map((each) => each.id)).toEqual([3, 1])
  expect(earlier(parity({ items: [] }))).toEqual([])
})

test('only users whose values may be seen are named', () => {
  const examples = [{ tag: 'spend', version: 1, masked: false, items: [example('ann')] }, { tag: 'secret', version: 1, masked: true, items: [example('bob')] }]
  expect(named(parity({ examples })).map((each) => [each.tag, each.user_id])).toEqual([['spend', 'ann']])
})
