import { expect, test } from 'vitest'
import { sqlLines, sqlTokens } from '../src/sqlTokens'

const kinds = (sql: string) => sqlTokens(sql).filter((token) => token.kind !== 'other').map((token) => [token.kind, token.text])

test('no character is lost, whatever the text', () => {
  for (const sql of ["SELECT 'it''s' -- x\nFROM LAST(orders, INTERVAL '30' DAY)", "'open", '/* open', '`a b` "c" 1.5e3 标签 \u0000', '']) {
    expect(sqlTokens(sql).map((token) => token.text).join('')).toBe(sql)
  }
})

test('a keyword inside a string or a comment stays text', () => {
  expect(kinds("'SELECT' -- FROM")).toEqual([['string', "'SELECT'"], ['comment', '-- FROM']])
})

test('LAST is a call before a bracket and a keyword elsewhere', () => {
  expect(kinds('LAST(orders)')[0]).toEqual(['function', 'LAST'])
  expect(kinds('NULLS LAST')).toEqual([['keyword', 'NULLS'], ['keyword', 'LAST']])
})

test('a comment over several lines is coloured on each of them', () => {
  expect(sqlLines('/* a\nb */ SELECT').map((line) => line[0]!.kind)).toEqual(['comment', 'comment'])
})
