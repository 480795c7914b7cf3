import { useI18n } from 'vue-i18n'
import { family, humanise } from '../dimensions'

/** A dimension's name in the reader's language; one that isn't of the known families reads as its author wrote it. */
export function useDimensionName(): (dimension: string) => string {
  const { t } = useI18n()
  return (dimension) => {
    const known = family(dimension)
    return known ? t(`dimension.${known}`) : humanise(dimension)
  }
}
