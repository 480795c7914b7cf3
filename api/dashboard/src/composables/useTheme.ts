import { computed, ref, watchEffect } from 'vue'
import { stored } from './stored'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const chosen = stored<Theme>('theme', 'system', (value): value is Theme => THEMES.includes(value as Theme))
const preference = matchMedia('(prefers-color-scheme: dark)')
const systemDark = ref(preference.matches)
preference.addEventListener('change', (event) => (systemDark.value = event.matches))

export const theme = chosen
export const dark = computed(() => chosen.value === 'dark' || (chosen.value === 'system' && systemDark.value))

/** Keeps the page's `dark` class equal to the choice. */
export function followTheme(): void {
  watchEffect(() => document.documentElement.classList.toggle('dark', dark.value), { flush: 'sync' })
}
