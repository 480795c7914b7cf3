/** The form builder's fields as they are typed, and the form that they make. */

import type { FormBody, Measure, Relation } from './publishing'

export const SOURCES = ['events', 'orders', 'users'] as const
export type Source = (typeof SOURCES)[number]
/** The columns that a form may name, by source: the texts, and the numbers. Events also have `properties.<name>`. */
export const TEXTS: Record<Source, string[]> = {
  events: ['event_type', 'item_id', 'event_id'],
  orders: ['status', 'coupon', 'product_id', 'shipping_address', 'order_id'],
  users: ['city', 'country', 'gender', 'signup_channel', 'referred_by', 'email', 'phone'],
}
export const NUMBERS: Record<Source, string[]> = { events: [], orders: ['amount', 'discount', 'quantity'], users: ['birth_year'] }

export interface ConditionFields {
  key: number
  column: string
  is: Relation
  values: string
}
export interface BandFields {
  key: number
  at_least: string
  label: string
}
export interface FormFields {
  name: string
  title: string
  description: string
  dimension: string
  owner: string
  source: Source
  measure: Measure
  column: string
  where: ConditionFields[]
  window: string
  unit: 'minute' | 'hour' | 'day'
  at_least: string
  bands: BandFields[]
  otherwise: string
}

let keys = 0
export const condition = (given: Partial<ConditionFields> = {}): ConditionFields => ({ key: ++keys, column: '', is: 'one_of', values: '', ...given })
export const band = (given: Partial<BandFields> = {}): BandFields => ({ key: ++keys, at_least: '', label: '', ...given })
export const emptyForm = (): FormFields => ({
  name: '', title: '', description: '', dimension: 'behaviour', owner: '',
  source: 'events', measure: 'count', column: '', where: [], window: '7', unit: 'day', at_least: '', bands: [], otherwise: '',
})

export function measuresOf(source: Source): Measure[] {
  if (source === 'users') return ['value', 'any']
  return NUMBERS[source].length ? ['count', 'count_distinct', 'sum', 'average', 'smallest', 'largest', 'any'] : ['count', 'count_distinct', 'any']
}
export function columnsOf(source: Source, measure: Measure): string[] {
  if (measure === 'count' || measure === 'any') return []
  const numbersOnly = ['sum', 'average', 'smallest', 'largest'].includes(measure)
  return numbersOnly ? NUMBERS[source] : [...TEXTS[source], ...NUMBERS[source]]
}
export const isNumber = (source: Source, column: string) => NUMBERS[source].includes(column)
export function relationsOf(source: Source, column: string): Relation[] {
  return isNumber(source, column) ? ['at_least', 'at_most', 'above', 'below', 'one_of', 'none_of', 'filled'] : ['one_of', 'none_of', 'filled']
}

/** A number as it was typed; text that is none stays text, so that the API says what is wrong with it. */
const typed = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.trim()))
const words = (text: string) => text.split(/[,，]/).map((word) => word.trim()).filter(Boolean)

/** The form that the fields make, or the paths of the fields that are not numbers. */
export function toForm(fields: FormFields): { form: FormBody } | { wrong: string[] } {
  const wrong: string[] = []
  const number = (text: string, path: string): number => {
    const found = typed(text)
    if (Number.isNaN(found)) wrong.push(path)
    return found
  }
  const form: FormBody = {
    name: fields.name.trim(), title: fields.title.trim(), description: fields.description.trim(),
    dimension: fields.dimension, owner: fields.owner.trim(), source: fields.source, measure: fields.measure,
    column: columnsOf(fields.source, fields.measure).length ? fields.column.trim() : '',
    where: fields.where.map((line, place) => ({
      column: line.column.trim(),
      is: line.is,
      values: line.is === 'filled' ? [] : words(line.values).map((word, index) => (isNumber(fields.source, line.column) ? number(word, `where[${place}].values[${index}]`) : word)),
    })),
    window: fields.window.trim() === '' ? null : { length: number(fields.window, 'window.length'), unit: fields.unit },
    at_least: fields.at_least.trim() === '' ? null : number(fields.at_least, 'at_least'),
    bands: fields.bands.map((line, place) => ({ at_least: number(line.at_least, `bands[${place}].at_least`), label: line.label.trim() })),
    otherwise: fields.bands.length ? fields.otherwise.trim() : '',
  }
  if (form.window && !Number.isInteger(form.window.length) && !wrong.includes('window.length')) wrong.push('window.length')
  return wrong.length ? { wrong } : { form }
}
