import { afterEach, expect, test, vi } from 'vitest'
import { askOverlap, bothOf, chosenOf, MOST, scaleOf, shadeOf, valueOf, type Overlap, type OverlapCell } from '../src/overlap'

const cell = (given: Partial<OverlapCell> = {}): OverlapCell => ({
  row: 'a', column: 'b', users: 6, union: 30, jaccard: 0.2, share: 0.5, lift: 2, lift_low: 1, lift_high: 3, adjusted_p_value: 0.01, significant: true, small: false, ...given,
})
const overlap = (base: string | null = null): Overlap => ({
  base, base_users: 100, cells: [], crowds: [{ name: 'a', title: 'Ann’s', users: 12 }, { name: 'b', title: 'Bob’s', users: 24 }],
})

test('crowds in the address that are none, or twice there, or too many, are left out', () => {
  const known = Array.from({ length: 30 }, (_, index) => `c${index}`)
  expect(chosenOf('c2,gone,c1,c2,', known)).toEqual(['c2', 'c1'])
  expect(chosenOf('', known)).toEqual([])
  expect(chosenOf(known.join(), known)).toHaveLength(MOST)
})

test('half as often is as far from independence as twice as often, and the ends are not passed', () => {
  expect(shadeOf(cell({ lift: 1 }), 'lift')).toBe(0)
  expect(shadeOf(cell({ lift: 2 }), 'lift')).toBe(-shadeOf(cell({ lift: 0.5 }), 'lift')!)
  const [low, high] = scaleOf([], 'lift')
  expect([shadeOf(cell({ lift: 0 }), 'lift'), shadeOf(cell({ lift: 1e6 }), 'lift')]).toEqual([low, high])
  expect(shadeOf(cell({ lift: null }), 'lift')).toBeNull()
})

test('a crowd with itself tells its users alone, and does not set the scale', () => {
  const own = cell({ column: 'a', users: 900 })
  expect(valueOf(own, 'users')).toBe(900)
  for (const measure of ['jaccard', 'share', 'lift'] as const) expect(valueOf(own, measure)).toBeNull()
  expect(scaleOf([own, cell(), cell({ users: 9 })], 'users')).toEqual([0, 9])
})

test('a cell is saved as the users of both crowds, within the base', () => {
  expect(bothOf(cell(), overlap())).toEqual({ rule: { all: [{ crowd: 'a' }, { crowd: 'b' }] }, moving: null, title: 'Ann’s ∩ Bob’s' })
  expect(bothOf(cell(), overlap('c'))!.rule).toEqual({ all: [{ crowd: 'a' }, { crowd: 'b' }, { crowd: 'c' }] })
  expect(bothOf(cell(), overlap('a'))!.rule).toEqual({ all: [{ crowd: 'a' }, { crowd: 'b' }] })
  expect(bothOf(cell({ column: 'a' }), overlap())).toBeNull()
  expect(bothOf(cell({ users: 0 }), overlap())).toBeNull()
})

afterEach(() => vi.unstubAllGlobals())
test('every crowd is asked for by a parameter of its own', async () => {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address)
    return new Response(JSON.stringify(overlap()), { status: 200 })
  })
  await askOverlap(['a', 'b'], '')
  await askOverlap(['a', 'b'], 'c')
  expect(asked).toEqual(['/api/v1/crowd-overlap?crowds=a&crowds=b', '/api/v1/crowd-overlap?crowds=a&crowds=b&base=c'])
})
