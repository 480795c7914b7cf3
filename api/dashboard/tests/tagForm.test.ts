import { expect, test } from 'vitest'
import { band, columnsOf, condition, emptyForm, measuresOf, relationsOf, toForm } from '../src/tagForm'

const filled = () => Object.assign(emptyForm(), { name: ' heat ', title: 'Heat', description: 'Busy', owner: 'ann' })

test('the fields become the form that the API takes', () => {
  const fields = Object.assign(filled(), {
    source: 'orders', measure: 'sum', column: 'amount', window: '30', unit: 'day', at_least: '2.5', otherwise: 'bronze',
    where: [condition({ column: 'status', is: 'none_of', values: 'cancelled， refunded' }), condition({ column: 'quantity', is: 'one_of', values: '1, 2' }), condition({ column: 'coupon', is: 'filled', values: 'ignored' })],
    bands: [band({ at_least: '300', label: 'gold' })],
  })
  expect(toForm(fields)).toEqual({
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
  expect(toForm(fields)).toEqual({ wrong: ['where[0].values[1]', 'window.length', 'at_least', 'bands[0].at_least'] })
  expect(toForm(Object.assign(filled(), { window: '1.5' }))).toEqual({ wrong: ['window.length'] })
})

test('an empty window is all time, and a label below no bands is not sent', () => {
  const made = toForm(Object.assign(filled(), { window: ' ', otherwise: 'rest', column: 'item_id' }))
  expect('form' in made && [made.form.window, made.form.otherwise, made.form.column]).toEqual([null, '', ''])
})

test('only what can be measured of a source is offered', () => {
  expect(measuresOf('users')).toEqual(['value', 'any'])
  expect(measuresOf('events')).not.toContain('sum')
  expect(columnsOf('orders', 'sum')).toEqual(['amount', 'discount', 'quantity'])
  expect(relationsOf('orders', 'status')).not.toContain('above')
  expect(relationsOf('events', 'properties.query')).toEqual(['one_of', 'none_of', 'filled'])
})
