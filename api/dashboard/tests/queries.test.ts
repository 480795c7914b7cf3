import { expect, test } from 'vitest'
import { ApiError } from '../src/api'
import { cellText, isNumeric, placed } from '../src/queries'

const refused = (...messages: string[]) =>
  new ApiError('invalid_input', 'refused', 422, null, messages.map((message) => ({ path: 'sql', message, allowed: 'did you mean count?' })))

test('problems that the API placed are marked where they are, others are not', () => {
  expect(placed(refused('line 2, column 6: there is no view x', 'Unknown identifier'))).toEqual([
    { line: 2, column: 6, message: 'there is no view x', suggestion: 'did you mean count?' },
  ])
  expect(placed(new ApiError('network', 'line 1, column 1: x', 0))).toEqual([])
  expect(placed(null)).toEqual([])
})

test.each([
  ['UInt64', true],
  ['Nullable(Float64)', true],
  ['LowCardinality(Nullable(Int8))', true],
  ['Decimal(10, 2)', true],
  ['String', false],
  ['Array(UInt8)', false],
  ['IntervalDay', false],
  ['DateTime64(3, \'UTC\')', false],
])('a column of type %s holds numbers: %s', (type, numeric) => expect(isNumeric(type)).toBe(numeric))

test('a cell shows text as it is, structures as JSON, and NULL as no text', () => {
  expect([cellText('null'), cellText(null), cellText(0), cellText({ a: 'b' }), cellText([1, null])]).toEqual(['null', null, '0', '{"a":"b"}', '[1,null]'])
})
