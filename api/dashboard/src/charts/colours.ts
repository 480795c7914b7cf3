import { computed, type ComputedRef } from 'vue'
import { dark } from '../composables/useTheme'

export interface ChartColours {
  text: string
  muted: string
  grid: string
  surface: string
  border: string
  series: string
  seriesSoft: string
  seriesMark: string
  /** For groups side by side; the last one is for the rest. */
  palette: string[]
  font: string
}

/** The tokens that a canvas needs, read again when the theme changes. */
export function useChartColours(): ComputedRef<ChartColours> {
  return computed(() => {
    void dark.value
    const style = getComputedStyle(document.documentElement)
    const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
    return {
      text: token('text'),
      muted: token('text-faint'),
      grid: token('grid'),
      surface: token('surface'),
      border: token('border'),
      series: token('series'),
      seriesSoft: token('series-soft'),
      seriesMark: token('series-mark'),
      palette: ['behaviour', 'purchasing', 'social', 'interest', 'psychology', 'risk', 'basic', 'other'].map((name) => token(`dim-${name}`)),
      font: token('font'),
    }
  })
}

/** How every tooltip looks: drawn on the canvas, so that no text is ever read as HTML. */
export function tooltipLook(colours: ChartColours) {
  return {
    renderMode: 'richText' as const,
    confine: true,
    transitionDuration: 0,
    backgroundColor: colours.surface,
    borderColor: colours.border,
    borderWidth: 1,
    padding: [8, 12] as [number, number],
    shadowBlur: 14,
    shadowColor: 'rgba(0,0,0,.16)',
    textStyle: { color: colours.text, fontFamily: colours.font, fontSize: 12.5, lineHeight: 18 },
  }
}
