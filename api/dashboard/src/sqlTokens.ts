/** Splits SQL into coloured pieces. For reading only: it never refuses a text, and the pieces joined are the text. */

export type SqlKind = 'keyword' | 'function' | 'string' | 'number' | 'comment' | 'name' | 'other'
export interface SqlToken {
  kind: SqlKind
  text: string
}

const KEYWORDS = new Set(
  `all and array as asc between by case cast create cross current day desc distinct else end except exists explain false fetch filter
  first following from full group grouping having hour if in inner insert intersect interval into is join last lateral left like limit
  map match_recognize minute month natural not null nulls offset on or order outer over partition preceding primary range right row rows
  second select set table temporary then timestamp timestamp_ltz true unbounded union unnest update using values view when where window with year`
    .split(/\s+/),
)

const PATTERN =
  /(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>'(?:[^']|'')*'?)|(?<quoted>`[^`]*`?|"[^"]*"?)|(?<number>\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|(?<word>[A-Za-z_][A-Za-z0-9_$]*)|(?<other>\s+|.)/gu

export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = []
  for (const match of sql.matchAll(PATTERN)) {
    const text = match[0]
    const groups = match.groups!
    let kind: SqlKind = 'other'
    if (groups.comment !== undefined) kind = 'comment'
    else if (groups.string !== undefined) kind = 'string'
    else if (groups.quoted !== undefined) kind = 'name'
    else if (groups.number !== undefined) kind = 'number'
    else if (groups.word !== undefined) {
      const called = /^\s*\(/.test(sql.slice(match.index + text.length))
      // LAST(orders, ...) is a call, NULLS LAST is not; IN ( and VALUES ( stay keywords.
      if (text.toLowerCase() === 'last' && called) kind = 'function'
      else if (KEYWORDS.has(text.toLowerCase())) kind = 'keyword'
      else kind = called ? 'function' : 'name'
    }
    const previous = tokens.at(-1)
    if (previous && previous.kind === kind) previous.text += text
    else tokens.push({ kind, text })
  }
  return tokens
}

/** The tokens line by line, so that a view can number the lines. */
export function sqlLines(sql: string): SqlToken[][] {
  const lines: SqlToken[][] = [[]]
  for (const token of sqlTokens(sql.replace(/\r\n?/g, '\n').replace(/\n+$/, ''))) {
    token.text.split('\n').forEach((text, index) => {
      if (index > 0) lines.push([])
      if (text) lines.at(-1)!.push({ kind: token.kind, text })
    })
  }
  return lines
}
