import { useI18n } from 'vue-i18n'
import type { Group } from '../behaviour'
import { formatValue } from '../format'

/** What a chart's group is called. */
export function useGroupName(): (group: Group) => string {
  const { t, locale } = useI18n()
  return (group) => {
    if (group.kind === 'all') return t('behaviour.all')
    if (group.kind === 'none') return t('behaviour.noValue')
    if (group.kind === 'other') return t('behaviour.other')
    return typeof group.value === 'boolean' ? t(group.value ? 'value.yes' : 'value.no') : formatValue(group.value, locale.value)
  }
}
