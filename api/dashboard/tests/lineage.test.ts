import { expect, test } from 'vitest'
import { addressOf, around, isGone, layered, type Lineage, type LineageNode } from '../src/lineage'

const node = (id: string, title = ''): LineageNode => {
  const [kind, name] = id.split(':') as [LineageNode['kind'], string]
  return { id, kind, name, title, dimension: '', version: kind === 'tag' && title ? 1 : null }
}
const edge = (from: string, to: string) => ({ from, to, role: 'value' as const, version: null, behind: false })
const graph: Lineage = {
  nodes: [node('column:users.city'), node('column:orders.amount'), node('crowd:far', 'Far'), node('crowd:near', 'Near'), node('tag:base', 'Base'), node('tag:alone', 'Alone'), node('tag:top', 'Top'), node('tag:lost')],
  edges: [edge('column:users.city', 'tag:base'), edge('column:orders.amount', 'tag:alone'), edge('column:users.city', 'tag:top'), edge('tag:base', 'tag:top'), edge('tag:top', 'crowd:near'), edge('crowd:near', 'crowd:far'), edge('tag:lost', 'crowd:far')],
  left_out: 0,
}

test('every line goes from left to right, columns first and crowds last', () => {
  const layers = layered(graph)
  const place = new Map(layers.flatMap((layer, index) => layer.map((id) => [id, index] as const)))
  expect([...place.keys()].sort()).toEqual(graph.nodes.map(({ id }) => id).sort())
  for (const { from, to } of graph.edges) expect(place.get(from)!).toBeLessThan(place.get(to)!)
  expect(layers[0]!.every((id) => id.startsWith('column:'))).toBe(true)
  expect(layers.slice(-2)).toEqual([['crowd:near'], ['crowd:far']])
})

test('tags in a circle are drawn all the same', () => {
  const circle: Lineage = { nodes: [node('tag:a', 'A'), node('tag:b', 'B')], edges: [edge('tag:a', 'tag:b'), edge('tag:b', 'tag:a')], left_out: 0 }
  expect(layered(circle).flat().sort()).toEqual(['tag:a', 'tag:b'])
})

test('nodes lie beside what they read, so that lines need not cross', () => {
  const two: Lineage = {
    nodes: [node('column:a'), node('column:b'), node('tag:x', 'X'), node('tag:y', 'Y')],
    edges: [edge('column:a', 'tag:y'), edge('column:b', 'tag:x')],
    left_out: 0,
  }
  const [columns, tags] = layered(two)
  expect(columns!.map((id) => ({ 'column:a': 'tag:y', 'column:b': 'tag:x' })[id])).toEqual(tags)
})

test('around a node is what it rests on and what rests on it', () => {
  const part = around(graph, 'tag:base')
  expect(part.nodes.map(({ id }) => id).sort()).toEqual(['column:users.city', 'crowd:far', 'crowd:near', 'tag:base', 'tag:top'])
  expect(part.edges.map(({ from, to }) => `${from} ${to}`)).not.toContain('column:users.city tag:top')
  expect(around(graph, 'column:orders.amount').nodes.map(({ id }) => id)).toEqual(['column:orders.amount', 'tag:alone'])
})

test('a click leads to the tag or crowd, and to the graph around what has no page', () => {
  expect(graph.nodes.map(addressOf)).toEqual([
    '/lineage?at=column%3Ausers.city', '/lineage?at=column%3Aorders.amount', '/crowds/far', '/crowds/near', '/tags/base', '/tags/alone', '/tags/top', '/lineage?at=tag%3Alost',
  ])
  expect(graph.nodes.filter(isGone).map(({ id }) => id)).toEqual(['tag:lost'])
})
