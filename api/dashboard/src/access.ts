/** Users, API keys and the audit log, as the API has them for admins. */

import { request, type Page } from './api'
import type { Role } from './session'

export interface Account {
  name: string
  role: Role
  disabled: boolean
  sign_in: 'password' | 'provider'
  created_at: string
  last_login_at: string | null
}
export interface ApiKey {
  prefix: string
  name: string
  role: Role
  created_by: string
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  revoked_at: string | null
}
export interface AuditLine {
  id: number
  at: string
  actor: string
  role: string
  what: string
  subject: string
  detail: string
  outcome: number | null
  request_id: string
  client: string
}

const part = encodeURIComponent
export const accessApi = {
  users: (signal?: AbortSignal) => request<{ items: Account[] }>('/access/users', { signal }),
  addUser: (name: string, role: Role, password: string) => request<Account>('/access/users', { method: 'POST', body: { name, role, password } }),
  changeUser: (name: string, change: { role?: Role; disabled?: boolean; password?: string }) => request<Account>(`/access/users/${part(name)}`, { method: 'PUT', body: change }),
  keys: (signal?: AbortSignal) => request<{ items: ApiKey[] }>('/access/keys', { signal }),
  addKey: (name: string, role: Role, days: number | null) => request<ApiKey & { key: string }>('/access/keys', { method: 'POST', body: { name, role, expires_in_days: days } }),
  revokeKey: (prefix: string) => request<void>(`/access/keys/${prefix}`, { method: 'DELETE' }),
  audit: (query: { actor: string | null; what: string | null; limit: number; cursor: string | null }, signal?: AbortSignal) => request<Page<AuditLine>>('/access/audit', { query, signal }),
}
