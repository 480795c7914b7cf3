import { describe, expect, it } from 'vitest'
import { idsOf, type Merge, type Person } from '../src/identities'

const merge = (user_id: string, into: string, undone_at: string | null = null): Merge => ({
  id: `${user_id}${into}`,
  user_id,
  into,
  reason: 'the same phone',
  masked: false,
  merged_by: 'ann',
  merged_at: '2026-01-01T00:00:00.000Z',
  undone_by: undone_at && 'bob',
  undone_at,
})
const person = (...items: Merge[]): Person => ({ user_id: 'b', canonical: 'c', identities: ['a', 'b', 'c'], items })

describe('the ids of a person', () => {
  it('begin with the canonical one, which was merged into no other', () => {
    const ids = idsOf(person(merge('b', 'c'), merge('a', 'b')))
    expect(ids.map(({ id, canonical }) => [id, canonical])).toEqual([['c', true], ['a', false], ['b', false]])
    expect(ids.map(({ merge }) => merge?.into ?? null)).toEqual([null, 'b', 'c'])
  })

  it('have the merge that holds, and none that was undone', () => {
    const again = { ...merge('a', 'b'), id: 'again' }
    const [, a] = idsOf(person(again, merge('a', 'c', '2026-01-02T00:00:00.000Z'), merge('b', 'c')))
    expect(a?.merge?.id).toBe('again')
  })
})
