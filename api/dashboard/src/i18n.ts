import { createI18n } from 'vue-i18n'
import { shallowRef, watch } from 'vue'
import { stored } from './composables/stored'
import type en from './locales/en.json'

export const LOCALES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Locale = keyof typeof LOCALES
export type Messages = typeof en

declare module 'vue-i18n' {
  export interface DefineLocaleMessage extends Messages {}
}

const isLocale = (value: unknown): value is Locale => typeof value === 'string' && value in LOCALES
const preferred: Locale = navigator.languages?.some((language) => language.toLowerCase().startsWith('zh'))
  && !navigator.languages[0]?.toLowerCase().startsWith('en')
  ? 'zh-CN'
  : 'en'

export const locale = stored<Locale>('locale', preferred, isLocale)

// Messages are compiled to data, never to functions: the security policy allows no eval.
export const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages: {}, missingWarn: false, fallbackWarn: false })

type ElementLocale = typeof import('element-plus/es/locale/lang/en').default
export const elementLocale = shallowRef<ElementLocale>()

const sources = {
  en: () => Promise.all([import('./locales/en.json'), import('element-plus/es/locale/lang/en')]),
  'zh-CN': () => Promise.all([import('./locales/zh-CN.json'), import('element-plus/es/locale/lang/zh-cn')]),
}

async function show(wanted: Locale): Promise<void> {
  const [messages, element] = await sources[wanted]()
  if (locale.value !== wanted) return
  i18n.global.setLocaleMessage(wanted, messages.default as Messages)
  i18n.global.locale.value = wanted as 'en'
  elementLocale.value = element.default
  document.documentElement.lang = wanted
}

/** Loads the chosen language; later choices follow by themselves. */
export async function followLocale(): Promise<void> {
  watch(locale, (next) => void show(next))
  await show(locale.value)
}
