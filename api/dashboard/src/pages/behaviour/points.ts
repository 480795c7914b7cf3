import type { Rule } from '../../crowds'

/** Users of a chart's point, and what is said of them before they are saved. */
export interface Picked {
  rule: Rule
  /** The same point with days that move with time, where it has such. */
  moving: Rule | null
  title: string
}
export interface Cell {
  text: string
  picked: Picked | null
}
export interface TableRow {
  label: string
  cells: Cell[]
}
