/** How a state is coloured. Colour never stands alone: the state is always written too. */
import type { Status } from './api'
import type { VersionStatus } from './publishing'

export type Tone = 'ok' | 'warn' | 'bad' | 'idle'

export function statusTone(status: Status): Tone {
  return ({ ok: 'ok', degraded: 'warn', down: 'bad' } as const)[status] ?? 'idle'
}

/** The tone of a Flink job state. */
export function jobTone(state: string): Tone {
  if (state === 'RUNNING' || state === 'FINISHED') return 'ok'
  if (['FAILED', 'FAILING', 'SUSPENDED'].includes(state)) return 'bad'
  if (state === 'CANCELED') return 'idle'
  return 'warn'
}

/** The tone of a tag version's status. */
export function versionTone(status: VersionStatus): Tone {
  return ({ draft: 'idle', building: 'warn', ready: 'warn', live: 'ok', retired: 'idle', failed: 'bad' } as const)[status]
}

/** From here on a lag is worth a look, in records. */
export const LAG_WARN = 50_000

export function lagTone(lag: number | null): Tone {
  if (lag === null) return 'idle'
  return lag >= LAG_WARN ? 'warn' : 'ok'
}
