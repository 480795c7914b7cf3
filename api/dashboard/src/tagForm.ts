/** The form builder's fields as they are typed, and the form that they make. */

import { request } from './api'
import type { FormBody, Measure, Relation } from './publishing'

/** A source that a form may be of, and the columns that it may name. Events also have `properties.<name>`. */
export interface FormSource {
  name: string
  about: string
  in_forms: boolean
  one_row_a_user: boolean
  texts: string[]
  numbers: string[]
}
export const sourcesApi = {
  all: async (signal?: AbortSignal) => (await request<{ sources: FormSource[] }>('/sources', { signal })).sources.filter((source) => source.in_forms),
}
/** The source of this name; until the API has said what there is, one without columns. */
export const sourceOf = (sources: FormSource[], name: string): FormSource =>
  sources.find((source) => source.name === name) ?? { name, about: '', in_forms: true, one_row_a_user: false, texts: [], numbers: [] }

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
  source: string
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

export function measuresOf(source: FormSource): Measure[] {
  if (source.one_row_a_user) return ['value', 'any']
  return source.numbers.length ? ['count', 'count_distinct', 'sum', 'average', 'smallest', 'largest', 'any'] : ['count', 'count_distinct', 'any']
}
export function columnsOf(source: FormSource, measure: Measure): string[] {
  if (measure === 'count' || measure === 'any') return []
  const numbersOnly = ['sum', 'average', 'smallest', 'largest'].includes(measure)
  return numbersOnly ? source.numbers : [...source.texts, ...source.numbers]
}
export const isNumber = (source: FormSource, column: string) => source.numbers.includes(column)
export function relationsOf(source: FormSource, column: string): Relation[] {
  return isNumber(source, column) ? ['at_least', 'at_most', 'above', 'below', 'one_of', 'none_of', 'filled'] : ['one_of', 'none_of', 'filled']
}

/** A number as it was typed; text that is none stays text, so that the API says what is wrong with it. */
const typed = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text.trim()))
const words = (text: string) => text.split(/[,，]/).map((word) => word.trim()).filter(Boolean)

/** The form that the fields make, or the paths of the fields that are not numbers. */
export function toForm(fields: FormFields, sources: FormSource[]): { form: FormBody } | { wrong: string[] } {
  const source = sourceOf(sources, fields.source)
  const wrong: string[] = []
  const number = (text: string, path: string): number => {
    const found = typed(text)
    if (Number.isNaN(found)) wrong.push(path)
    return found
  }
  const form: FormBody = {
    name: fields.name.trim(), title: fields.title.trim(), description: fields.description.trim(),
    dimension: fields.dimension, owner: fields.owner.trim(), source: fields.source, measure: fields.measure,
    column: columnsOf(source, fields.measure).length ? fields.column.trim() : '',
    where: fields.where.map((line, place) => ({
      column: line.column.trim(),
      is: line.is,
      values: line.is === 'filled' ? [] : words(line.values).map((word, index) => (isNumber(source, line.column) ? number(word, `where[${place}].values[${index}]`) : word)),
    })),
    window: fields.window.trim() === '' ? null : { length: number(fields.window, 'window.length'), unit: fields.unit },
    at_least: fields.at_least.trim() === '' ? null : number(fields.at_least, 'at_least'),
    bands: fields.bands.map((line, place) => ({ at_least: number(line.at_least, `bands[${place}].at_least`), label: line.label.trim() })),
    otherwise: fields.bands.length ? fields.otherwise.trim() : '',
  }
  if (form.window && !Number.isInteger(form.window.length) && !wrong.includes('window.length')) wrong.push('window.length')
  return wrong.length ? { wrong } : { form }
}
