import type { PathLink, PathNode } from '../behaviour'

export interface SankeyNode {
  id: string
  level: number
  depth: number
  /** null: where paths end. */
  node: PathNode | null
  sessions: number
}
export interface SankeyLink {
  source: string
  target: string
  of: PathLink
}

const idOf = (level: number, node: PathNode | null) => JSON.stringify([level, node === null ? 0 : node.event])

/** Nodes and links as a Sankey diagram takes them: from left to right in time, so that paths to an event end on the right. */
export function sankey(links: PathLink[], steps: number, before: boolean): { nodes: SankeyNode[]; links: SankeyLink[] } {
  const nodes = new Map<string, SankeyNode>()
  const add = (level: number, node: PathNode | null, sessions: number) => {
    const id = idOf(level, node)
    const found = nodes.get(id) ?? { id, level, depth: before ? steps + 1 - level : level - 1, node, sessions: 0 }
    found.sessions += sessions
    nodes.set(id, found)
    return id
  }
  const drawn = links.map((link) => {
    // A node's sessions are what leads to it; the anchor's are what leads on.
    const here = add(link.level, link.node, link.level === 1 ? link.sessions : 0)
    const next = add(link.level + 1, link.next, link.sessions)
    return before ? { source: next, target: here, of: link } : { source: here, target: next, of: link }
  })
  return { nodes: [...nodes.values()], links: drawn }
}
