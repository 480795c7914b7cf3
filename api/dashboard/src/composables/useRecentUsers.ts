import { stored } from './stored'

const KEPT = 8
const recent = stored<string[]>('recent-users', [], (value): value is string[] => Array.isArray(value) && value.every((id) => typeof id === 'string'))

/** The users opened last in this browser, newest first. */
export function useRecentUsers() {
  return {
    recent,
    visit(userId: string): void {
      recent.value = [userId, ...recent.value.filter((id) => id !== userId)].slice(0, KEPT)
    },
  }
}
