/** The client of webhooks: where a watched crowd's deltas are sent, and what each took. */
import { request } from './api'

export interface Hook {
  id: string
  url: string
  who: string
  state: 'active' | 'dead'
  after: number
  attempts: number
  cause: string
}

const at = (name: string) => `/crowds/${encodeURIComponent(name)}/hooks`
export const crowdHooks = {
  list: (name: string, signal?: AbortSignal) => request<{ items: Hook[] }>(at(name), { signal }),
  add: (name: string, url: string, secret: string) => request<Hook>(at(name), { method: 'POST', body: { url, secret } }),
  remove: (name: string, id: string) => request<void>(`${at(name)}/${id}`, { method: 'DELETE' }),
  replay: (name: string, id: string, after: number) => request<Hook>(`${at(name)}/${id}/replay`, { method: 'POST', body: { after } }),
}
export const deltasAddress = (name: string, format: 'csv' | 'parquet') => `/api/v1/crowds/${encodeURIComponent(name)}/deltas/export?format=${format}`
