import { expect, test } from 'vitest'
import en from '../src/locales/en.json'
import zh from '../src/locales/zh-CN.json'

type Tree = { [name: string]: string | Tree }

function paths(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + name, value)
    else for (const [path, text] of paths(value, `${prefix}${name}.`)) found.set(path, text)
  }
  return found
}
const english = paths(en)
const chinese = paths(zh)
const places = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

test('both languages have the same messages with the same places to fill', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
  for (const [path, text] of english) expect([path, ...places(chinese.get(path)!)]).toEqual([path, ...places(text)])
})

test('every message that the code names exists, and every message is named', () => {
  const files = import.meta.glob<string>('../src/**/*.{vue,ts}', { query: '?raw', import: 'default', eager: true })
  const code = Object.values(files).join('\n')
  const named = [...code.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((match) => match[1]!)
  expect(named.filter((path) => !english.has(path))).toEqual([])
  // Names that are put together, such as `live.${state}`, count for all that they can reach.
  const prefixes = [...code.matchAll(/`([\w.]+)\.\$\{/g)].map((match) => `${match[1]}.`)
  const unused = [...english.keys()].filter((path) => !code.includes(`'${path}'`) && !prefixes.some((prefix) => path.startsWith(prefix)))
  expect(unused).toEqual([])
})
