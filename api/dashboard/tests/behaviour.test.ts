import { expect, test } from 'vitest'
import { anything, canMove, groupRule, nodeChoice, pointRule, type FunnelQuery, type Group, type PathLink } from '../src/behaviour'
import { sankey } from '../src/charts/sankey'
import { toDraft, toRule, type Rule } from '../src/crowds'

const query: FunnelQuery = { period: { last_days: 7, zone: 'Asia/Shanghai' }, steps: [anything('view'), anything('cart')], window_seconds: 3600, breakdown: 'tier', groups: 3 }
const answered = { from: '2026-01-01', to: '2026-01-07', zone: 'Asia/Shanghai' }

test('a point is saved with the days it was drawn with, without the groups, which are a condition beside it', () => {
  const gold: Rule = { tag: 'tier', in: ['gold'] }
  expect(pointRule('funnel', query, answered, { step: 1, lost: true }, gold)).toEqual({
    all: [{ behaviour: { chart: 'funnel', query: { period: answered, steps: query.steps, window_seconds: 3600 }, step: 1, lost: true } }, gold],
  })
})

test('days go on with time where no single day of them is meant', () => {
  expect(pointRule('funnel', query, answered, { step: 2 }, null, true)).toMatchObject({ behaviour: { query: { period: { last_days: 7 } } } })
  expect(canMove(query, { step: 2 })).toBe(true)
  expect(canMove(query, { unit: 3 })).toBe(false)
  expect(canMove({ ...query, period: answered }, { step: 2 })).toBe(false)
})

test('a group is the condition that its users meet', () => {
  const groups: Group[] = [{ kind: 'value', value: 'gold' }, { kind: 'value', value: 'silver' }, { kind: 'other', value: null }, { kind: 'none', value: null }]
  expect(groups.map((group) => groupRule('tier', group, groups))).toEqual([
    { tag: 'tier', in: ['gold'] },
    { tag: 'tier', in: ['silver'] },
    { all: [{ tag: 'tier', present: true }, { not: { tag: 'tier', in: ['gold', 'silver'] } }] },
    { not: { tag: 'tier', present: true } },
  ])
  expect(groupRule(null, { kind: 'all', value: null }, [])).toBeNull()
})

const link = (level: number, node: string | null, next: string | null | undefined, sessions: number): PathLink => ({
  level, node: { event: node }, next: next === undefined ? null : { event: next }, sessions, users: 1,
})
const links = [link(1, 'view', 'cart', 5), link(1, 'view', null, 2), link(1, 'view', undefined, 1), link(2, 'cart', 'pay', 4), link(2, null, undefined, 2)]

test('a node without a name is all that have none at its level', () => {
  expect(nodeChoice(links, 2, { event: 'cart' })).toEqual({ events: ['cart'] })
  expect(nodeChoice(links, 2, { event: null })).toEqual({ events: ['cart'], other: true })
})

test('a Sankey diagram has every node once, with what leads to it, and runs with time', () => {
  const after = sankey(links, 2, false)
  expect(after.nodes.map((node) => [node.level, node.depth, node.node?.event, node.sessions])).toEqual([
    [1, 0, 'view', 8], [2, 1, 'cart', 5], [2, 1, null, 2], [2, 1, undefined, 1], [3, 2, 'pay', 4], [3, 2, undefined, 2],
  ])
  const before = sankey(links, 2, true)
  expect(before.nodes[0]!.depth).toBe(2)
  expect(before.links[0]).toMatchObject({ source: after.links[0]!.target, target: after.links[0]!.source })
})

test('a crowd of a point is edited without a loss', () => {
  const rule: Rule = { all: [{ not: pointRule('funnel', query, answered, { step: 2 }) }, { tag: 'tier', in: ['gold'] }] }
  expect(toRule(toDraft(rule), { tier: 'string' })).toEqual(rule)
})
