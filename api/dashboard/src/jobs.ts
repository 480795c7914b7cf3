/** Flink's jobs, and what operators ask of them. */

import { request } from './api'

export interface Job {
  id: string
  name: string
  state: string
  uptime_seconds: number
  bounded: boolean
  checkpoints: { completed: number; failed: number; last_at: string | null; last_bytes: number | null; last_seconds: number | null }
  lag: number | null
  problem: string | null
}
export type What = 'savepoint' | 'restart'
export interface JobRequest {
  id: string
  job: string
  what: What
  who: string
  state: 'asked' | 'running' | 'done' | 'failed'
  asked_at: string
  ended_at: string | null
  said: string
}
export interface JobList {
  items: Job[]
  requests: JobRequest[]
  problems: string[]
}
const ENDED = new Set(['FINISHED', 'FAILED', 'CANCELED'])

/** Whether something can be asked of a job: it runs on, and is not a run that ends by itself. */
export const canBeAsked = (job: Job): boolean => !job.bounded && !ENDED.has(job.state)

/** What is under way for a job. */
export const underWay = (job: string, requests: JobRequest[]): JobRequest | undefined => requests.find((one) => one.job === job && (one.state === 'asked' || one.state === 'running'))

export const jobsApi = {
  list: (signal?: AbortSignal) => request<JobList>('/jobs', { signal }),
  ask: (job: string, what: What) => request<JobRequest>('/jobs/requests', { method: 'POST', body: { job, what } }),
}
