import { computed, ref, type ComputedRef, type Ref } from 'vue'
import { toMillis } from '../format'
import type { Overview } from '../api'

export type Range = 'live' | 'hour'
export interface RatePoint {
  at: number
  rate: number
}

const LIVE_MS = 10 * 60_000
const HOUR_MS = 60 * 60_000
const samples = ref<RatePoint[]>([])

/** Keeps the rates seen in this visit; called with every answer, so that the line goes on where the reader left it. */
export function noteRate(overview: Overview, at: number): void {
  samples.value = [...samples.value.filter((sample) => sample.at > at - LIVE_MS), { at, rate: overview.events_per_second }]
}

/** Points per finished minute, as events per second at the middle of the minute. */
export function minuteRates(series: Overview['series'], now: number): RatePoint[] {
  const points: RatePoint[] = []
  for (const { minute, events } of series) {
    const at = toMillis(minute)
    if (at !== null && at + 60_000 <= now) points.push({ at: at + 30_000, rate: events / 60 })
  }
  return points.sort((a, b) => a.at - b.at)
}

/** The samples, with the minutes that none of them covers filled in from the log's own counts. */
export function joinRates(minutes: RatePoint[], seen: RatePoint[], from: number): RatePoint[] {
  const covered = (at: number) => seen.some((sample) => Math.abs(sample.at - at) < 30_000)
  return since([...minutes.filter((point) => !covered(point.at)), ...seen].sort((a, b) => a.at - b.at), from)
}

/** The points from a time on, and the one before, so that the line comes in from the edge. */
function since(points: RatePoint[], from: number): RatePoint[] {
  const first = points.findIndex((point) => point.at >= from)
  return first < 0 ? [] : points.slice(Math.max(0, first - 1))
}

export function useThroughput(overview: () => Overview | null, at: () => number, range: Ref<Range>): ComputedRef<{ from: number; to: number; points: RatePoint[] }> {
  return computed(() => {
    const to = at()
    const minutes = minuteRates(overview()?.series ?? [], to)
    const from = to - (range.value === 'live' ? LIVE_MS : HOUR_MS)
    const points = range.value === 'live' ? joinRates(minutes, samples.value, from) : since(minutes, from)
    return { from, to, points }
  })
}
