import { expect, test } from 'vitest'
import { draft, toDraft, toRule, type Rule } from '../src/crowds'

const types = { tier: 'string', spend: 'decimal', flag: 'boolean' } as const

test('a rule that is opened and not touched is saved as it was', () => {
  const rules: Rule[] = [
    { all: [{ tag: 'tier', in: ['gold', 'a, "b"'] }, { not: { any: [{ tag: 'flag', in: [true] }, { crowd: 'vip' }] } }] },
    { all: [{ tag: 'spend', at_least: 1, below: 9.5 }, { tag: 'spend', above: 2 }, { tag: 'spend', in: [1, 2.5] }, { tag: 'tier', present: true }] },
  ]
  for (const rule of rules) expect(toRule(toDraft(rule), types)).toEqual(rule)
})

test('words between commas are values of the tag’s type', () => {
  const line = (name: string, values: string) => toRule(draft('tag', { name, values }), types)
  expect(line('tier', 'gold， silver')).toEqual({ tag: 'tier', in: ['gold', 'silver'] })
  expect(line('spend', '1, 2.5')).toEqual({ tag: 'spend', in: [1, 2.5] })
  expect(line('spend', 'much')).toBeNull()
  expect(line('flag', 'true')).toEqual({ tag: 'flag', in: [true] })
})

test('a rule with an empty line is not whole', () => {
  expect(toRule(draft('all'), types)).toBeNull()
  expect(toRule(draft('all', { parts: [draft('tag', { name: 'tier', test: 'present' }), draft('tag')] }), types)).toBeNull()
})
