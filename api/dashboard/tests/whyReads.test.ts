// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { createI18n } from 'vue-i18n'
import WhyReads from '../src/pages/user/why/WhyReads.vue'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'
import { past, placeOf, type ReadTag } from '../src/past'

const READS: ReadTag[] = [
  { tag: 'lifecycle', version: 3, title: 'Life cycle', type: 'string', user_id: 'u1', value: 'active', since: '2026-01-31T09:30:00.000Z', why: '' },
  { tag: 'spent', version: 1, title: 'Spent', type: 'decimal', user_id: 'u/2', value: null, since: null, why: '' },
]
let app: App | undefined

function shown(locale: 'en' | 'zh-CN'): { root: HTMLElement; opened: ReadTag[] } {
  const root = document.createElement('div')
  const opened: ReadTag[] = []
  app = createApp({ render: () => h(WhyReads, { reads: READS, userId: 'u1', onOpen: (read: ReadTag) => opened.push(read) }) })
  app.use(createI18n({ legacy: false, locale, messages: { en, 'zh-CN': zh } })).mount(root)
  return { root, opened }
}
afterEach(() => {
  app?.unmount()
  vi.unstubAllGlobals()
})

test('each tag that was read is told with its version, its value, since when, and whose it is where it is another user', () => {
  const rows = [...shown('en').root.querySelectorAll('li')].map((row) => row.textContent ?? '')
  expect(rows[0]).toMatch(/Life cycle.*Version 3.*active.*since/)
  expect(rows[0]).not.toContain('u1')
  expect(rows[1]).toMatch(/Spent.*Version 1.*of u\/2.*The user does not have this tag/)
  expect(rows[1]).not.toContain('since')
})

test('a reader of Chinese is told it in Chinese', () => {
  const { root } = shown('zh-CN')
  expect(root.querySelector('h3')?.textContent).toBe('它读取的标签')
  expect(root.querySelector('li')?.textContent).toMatch(/版本 3/)
  expect(root.querySelector('button')?.getAttribute('aria-label')).toBe('原因：Life cycle，版本 3')
})

test('a tag that was read leads to its own why: of the same version, and of its user', async () => {
  const { root, opened } = shown('en')
  root.querySelectorAll('button')[1]!.click()
  expect(opened).toEqual([READS[1]])
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    return Promise.resolve(new Response('{}', { headers: { 'Content-Type': 'application/json' } }))
  })
  await past.why(placeOf(opened[0]!), '2026-01-31T09:30:00.000Z', false)
  await past.changes(placeOf(opened[0]!), 5)
  expect(asked[0]).toMatch(/\/users\/u%2F2\/tags\/spent\/why\?.*version=1/)
  expect(asked[1]).toMatch(/\/users\/u%2F2\/tags\/spent\/changes\?.*version=1/)
})
