/** Lineage: what the API says of it, the part around a node, and where nodes are drawn. */

import { request } from './api'

export type NodeKind = 'column' | 'tag' | 'crowd'
export type Role = 'value' | 'rows' | 'members'
export interface LineageNode {
  id: string
  kind: NodeKind
  name: string
  title: string
  dimension: string
  /** The live version of a tag; null for anything else, and for a tag that is gone. */
  version: number | null
}
export interface LineageEdge {
  from: string
  to: string
  role: Role
  version: number | null
  /** It reads a version that is no longer the live one. */
  behind: boolean
}
export interface Lineage {
  nodes: LineageNode[]
  edges: LineageEdge[]
  left_out: number
}

export const lineageApi = {
  whole: (signal?: AbortSignal) => request<Lineage>('/lineage', { signal }),
  tag: (name: string, signal?: AbortSignal) => request<Lineage>(`/tags/${encodeURIComponent(name)}/lineage`, { signal }),
}

/** Whether a tag or crowd that others name is no longer there. */
export function isGone(node: LineageNode): boolean {
  return node.kind !== 'column' && !node.title
}

/** Where a click leads: to the tag or crowd, or to the graph around a column. */
export function addressOf(node: LineageNode): string {
  if (node.kind === 'tag' && !isGone(node)) return `/tags/${encodeURIComponent(node.name)}`
  if (node.kind === 'crowd' && !isGone(node)) return `/crowds/${encodeURIComponent(node.name)}`
  return `/lineage?at=${encodeURIComponent(node.id)}`
}

function reached(start: string, steps: Map<string, string[]>): Set<string> {
  const found = new Set([start])
  // A set takes what is added to it while it is walked.
  for (const id of found) for (const next of steps.get(id) ?? []) found.add(next)
  return found
}

function grouped(pairs: [string, string][]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [key, value] of pairs) found.set(key, [...(found.get(key) ?? []), value])
  return found
}

/** What a node rests on, and what rests on it. */
export function around(graph: Lineage, id: string): Lineage {
  const up = reached(id, grouped(graph.edges.map((edge) => [edge.to, edge.from])))
  const down = reached(id, grouped(graph.edges.map((edge) => [edge.from, edge.to])))
  return {
    nodes: graph.nodes.filter((node) => up.has(node.id) || down.has(node.id)),
    edges: graph.edges.filter((edge) => (up.has(edge.from) && up.has(edge.to)) || (down.has(edge.from) && down.has(edge.to))),
    left_out: graph.left_out,
  }
}

/** Layers from left to right: columns, then each tag behind all that it reads, then the crowds. In a layer, near to what is read. */
export function layered(graph: Lineage): string[][] {
  const inputs = grouped(graph.edges.map((edge) => [edge.to, edge.from]))
  const kinds = new Map(graph.nodes.map((node) => [node.id, node.kind]))
  const depths = new Map<string, number>()
  function depth(id: string, least: number): number {
    const known = depths.get(id)
    if (known !== undefined) return known
    depths.set(id, least)
    const found = Math.max(least, ...(inputs.get(id) ?? []).map((input) => depth(input, kinds.get(input) === 'column' ? 0 : least) + 1))
    depths.set(id, found)
    return found
  }
  const of = (kind: NodeKind) => graph.nodes.filter((node) => node.kind === kind).map((node) => node.id)
  for (const id of of('column')) depth(id, 0)
  for (const id of of('tag')) depth(id, 1)
  const first = 1 + Math.max(0, ...depths.values())
  for (const id of of('crowd')) depth(id, first)
  const layers: string[][] = []
  for (const node of graph.nodes) (layers[depths.get(node.id)!] ??= []).push(node.id)
  return sorted(layers.filter((layer) => layer?.length), graph)
}

const SWEEPS = 4

/** The same layers, each in the order of the middle of its neighbours, so that few lines cross. */
function sorted(layers: string[][], graph: Lineage): string[][] {
  const neighbours = grouped(graph.edges.flatMap((edge) => [[edge.to, edge.from], [edge.from, edge.to]] as [string, string][]))
  const place = new Map<string, number>()
  const note = (layer: string[]) => layer.forEach((id, index) => place.set(id, (index + 0.5) / layer.length))
  layers.forEach(note)
  let found = layers
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    found = found.map((layer) => {
      const middle = new Map(layer.map((id) => {
        const places = (neighbours.get(id) ?? []).map((other) => place.get(other)!)
        return [id, places.length ? places.reduce((sum, one) => sum + one, 0) / places.length : place.get(id)!]
      }))
      const next = [...layer].sort((a, b) => middle.get(a)! - middle.get(b)!)
      note(next)
      return next
    })
  }
  return found
}
