import { expect, test } from 'vitest'
import { band, columnsOf, condition, emptyForm, measuresOf, relationsOf, sourceOf, toForm, type FormSource } from '../src/tagForm'

const source = (name: string, texts: string[], numbers: string[], one_row_a_user = false): FormSource => ({ name, about: '', in_forms: true, one_row_a_user, texts, numbers })
const SOURCES = [
  source('events', ['event_type', 'item_id'], []),
  source('orders', ['status', 'coupon'], ['amount', 'discount', 'quantity']),
  source('users', ['city'], ['birth_year'], true),
]
const of = (name: string) => sourceOf(SOURCES, name)

const filled = () => Object.assign(emptyForm(), { name: ' heat ', title: 'Heat', description: 'Busy', owner: 'ann' })

test('the fields become the form that the API takes', () => {
  const fields = Object.assign(filled(), {
    source: 'orders', measure: 'sum', column: 'amount', window: '30', unit: 'day', at_least: '2.5', otherwise: 'bronze',
    where: [condition({ column: 'status', is: 'none_of', values: 'cancelled， refunded' }), condition({ column: 'quantity', is: 'one_of', values: '1, 2' }), condition({ column: 'coupon', is: 'filled', values: 'ignored' })],
    bands: [band({ at_least: '300', label: 'gold' })],
  })
  expect(toForm(fields, SOURCES)).toEqual({
    form: {
      name: 'heat', title: 'Heat', description: 'Busy', dimension: 'behaviour', owner: 'ann', source: 'orders', measure: 'sum', column: 'amount',
      where: [{ column: 'status', is: 'none_of', values: ['cancelled', 'refunded'] }, { column: 'quantity', is: 'one_of', values: [1, 2] }, { column: 'coupon', is: 'filled', values: [] }],
      window: { length: 30, unit: 'day' }, at_least: 2.5, bands: [{ at_least: 300, label: 'gold' }], otherwise: 'bronze',
    },
  })
})

test('what is no number is named by its field', () => {
  const fields = Object.assign(filled(), {
    source: 'orders', window: 'a week', at_least: 'many', bands: [band({ label: 'x' })], where: [condition({ column: 'amount', is: 'above', values: '1, much' })],
  })
  expect(toForm(fields, SOURCES)).toEqual({ wrong: ['where[0].values[1]', 'window.length', 'at_least', 'bands[0].at_least'] })
  expect(toForm(Object.assign(filled(), { window: '1.5' }), SOURCES)).toEqual({ wrong: ['window.length'] })
})

test('an empty window is all time, and a label below no bands is not sent', () => {
  const made = toForm(Object.assign(filled(), { window: ' ', otherwise: 'rest', column: 'item_id' }), SOURCES)
  expect('form' in made && [made.form.window, made.form.otherwise, made.form.column]).toEqual([null, '', ''])
})

test('only what can be measured of a source is offered', () => {
  expect(measuresOf(of('users'))).toEqual(['value', 'any'])
  expect(measuresOf(of('events'))).not.toContain('sum')
  expect(columnsOf(of('orders'), 'sum')).toEqual(['amount', 'discount', 'quantity'])
  expect(relationsOf(of('orders'), 'status')).not.toContain('above')
  expect(relationsOf(of('events'), 'properties.query')).toEqual(['one_of', 'none_of', 'filled'])
})

test('until the API has said what there is, a source has no columns', () => {
  expect(columnsOf(sourceOf([], 'orders'), 'count_distinct')).toEqual([])
  expect(measuresOf(sourceOf([], 'orders'))).toEqual(['count', 'count_distinct', 'any'])
})
