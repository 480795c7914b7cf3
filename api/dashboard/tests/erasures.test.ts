import { describe, expect, it } from 'vitest'
import { KEEPERS, STORES, certificate, emptied, type Erasure, type ErasureStep } from '../src/erasures'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'

const step = (store: string, state: ErasureStep['state']): ErasureStep => ({ store, state, removed: 3, finished_at: null, kept_until: null, detail: '' })
const erasure = (...steps: ErasureStep[]): Erasure => ({
  id: 'e'.repeat(32),
  subject: 's'.repeat(64),
  user_id: null,
  state: 'running',
  asked_by: 'ann',
  asked_at: '2026-01-01T00:00:00.000Z',
  completed_at: null,
  cause: '',
  steps,
})

describe('a certificate', () => {
  it('has a line for every store from the beginning on, those unknown waiting, in the order in which they are emptied', () => {
    const lines = certificate(erasure(step('profiles', 'done')))
    expect(lines.map((line) => line.store)).toEqual([...STORES])
    expect(lines.map((line) => line.state)).toEqual(['waiting', 'waiting', 'done', 'waiting', 'waiting', 'waiting'])
  })

  it('ends with what is kept', () => {
    const lines = certificate(erasure(step('events_log', 'kept'), ...STORES.map((store) => step(store, 'done'))))
    expect(lines.at(-1)?.store).toBe('events_log')
    expect(lines).toHaveLength(STORES.length + 1)
  })

  it('says how many stores are empty, and counts nothing that is kept', () => {
    expect(emptied(erasure())).toEqual({ done: 0, all: 6 })
    expect(emptied(erasure(step('erasures', 'done'), step('mysql', 'waiting'), step('events_log', 'kept')))).toEqual({ done: 1, all: 6 })
  })

  it('names every store in both languages', () => {
    for (const names of [en.erasure.stores, zh.erasure.stores]) expect(Object.keys(names)).toEqual([...STORES, ...KEEPERS])
  })
})
