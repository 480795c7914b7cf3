import { expect, test } from 'vitest'
import type { ProfileTag, Value } from '../src/api'
import { profileChanges } from '../src/composables/useProfileChanges'
import { joinRates, minuteRates } from '../src/composables/useThroughput'
import { groupTags, searchTags } from '../src/composables/useTagFilter'
import type { TagSummary } from '../src/api'

const tag = (name: string, value: Value): ProfileTag => ({ tag: name, title: name, dimension: 'risk', version: 1, type: 'string', value, since: '2026-01-01T00:00:00Z' })
const summary = (name: string, dimension: string, users = 0): TagSummary => ({
  name, title: name, description: 'What it says', dimension, type: 'string', owner: 'crm', version: 1, users, coverage: 0, last_changed_at: null,
})

test('a profile that stayed the same has no change', () => {
  expect(profileChanges([tag('a', 'x'), tag('b', false)], [tag('b', false), tag('a', 'x')], 0)).toEqual([])
})

test('a value that changed, came or went is one change each', () => {
  const changes = profileChanges([tag('changed', 1), tag('gone', true)], [tag('changed', 2), tag('came', 'new')], 5)
  expect(changes.map(({ tag, before, after }) => [tag, before, after])).toEqual([
    ['changed', 1, 2],
    ['came', null, 'new'],
    ['gone', true, null],
  ])
})

test('false and zero are values, not absences', () => {
  expect(profileChanges([], [tag('a', false), tag('b', 0)], 0)).toHaveLength(2)
})

test('a minute counts once it is over', () => {
  const minute = Date.UTC(2026, 0, 1, 0, 10)
  const series = [{ minute: new Date(minute).toISOString(), events: 600 }]
  expect(minuteRates(series, minute + 59_999)).toEqual([])
  expect(minuteRates(series, minute + 60_000)).toEqual([{ at: minute + 30_000, rate: 10 }])
})

test('minutes that were watched show the rates that were seen', () => {
  const minutes = [{ at: 30_000, rate: 1 }, { at: 90_000, rate: 2 }]
  const seen = [{ at: 92_000, rate: 9 }]
  expect(joinRates(minutes, seen, 0).map((point) => point.rate)).toEqual([1, 9])
})

test('dimensions keep their order and an unknown one comes last', () => {
  const groups = groupTags([summary('z', 'weather'), summary('y', 'risk'), summary('x', 'basic')], 'title')
  expect(groups.map((group) => group.dimension)).toEqual(['basic', 'risk', 'weather'])
})

test('a search needs every word, anywhere', () => {
  const tags = [summary('spend_tier', 'purchasing'), summary('city', 'basic')]
  expect(searchTags(tags, 'SPEND crm').map((found) => found.name)).toEqual(['spend_tier'])
  expect(searchTags(tags, 'spend nowhere')).toEqual([])
})
