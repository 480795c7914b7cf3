/** Who is signed in: asked once before the first page, and what the pages offer by it. The API decides; this only spares a refusal. */

import { computed, shallowRef } from 'vue'
import { ApiError, credentials, request } from './api'

export const ROLES = ['viewer', 'editor', 'approver', 'admin'] as const
export type Role = (typeof ROLES)[number] | 'service'
export interface Actor {
  name: string
  role: Role
  kind: 'local' | 'user' | 'key'
  csrf_token: string | null
  expires_at: string | null
}
export interface SessionState {
  access: 'open' | 'required'
  actor: Actor | null
  provider: { title: string; href: string } | null
  /** One may sign in with a name and password. */
  passwords: boolean
}

export const session = shallowRef<SessionState | null>(null)
/** The session ended while a page was open: it says so, instead of leaving what was typed there. */
export const ended = shallowRef(false)
export const actor = computed(() => session.value?.actor ?? null)
export const mustSignIn = computed(() => session.value?.access === 'required' && session.value.actor === null)

let asked: Promise<void> | null = null

function show(state: SessionState): void {
  session.value = state
  ended.value = false
  credentials.csrfToken = state.actor?.csrf_token ?? null
}

/** Asks once; a failure leaves the pages to show their own, and is asked again by the next page. */
export function loadSession(): Promise<void> {
  asked ??= request<SessionState>('/session').then(show).catch(() => void (asked = null))
  return asked
}

export async function signIn(name: string, password: string): Promise<void> {
  show(await request<SessionState>('/session', { method: 'POST', body: { name, password } }))
}

export async function signOut(): Promise<void> {
  try {
    await request('/session', { method: 'DELETE' })
  } catch (cause) {
    // A session that has ended by itself is what was wanted.
    if (!(cause instanceof ApiError) || cause.status !== 401) throw cause
  }
  if (session.value) show({ ...session.value, actor: null })
}

/** Ends every session of whoever is signed in, this one too. */
export async function changePassword(before: string, after: string): Promise<void> {
  await request('/session/password', { method: 'PUT', body: { old_password: before, new_password: after } })
  if (session.value) show({ ...session.value, actor: null })
}

credentials.signedOut = () => {
  if (session.value?.actor?.kind === 'user') ended.value = true
}

/** Asks again, for a page whose session ended: somebody may have signed in again in another tab. */
export async function resumeSession(): Promise<void> {
  const state = await request<SessionState>('/session').catch(() => null)
  if (state?.actor) show(state)
}

/** Whether whoever is signed in may do what this role may. */
export function can(role: (typeof ROLES)[number]): boolean {
  const own = actor.value?.role
  return own !== undefined && own !== 'service' && ROLES.indexOf(own) >= ROLES.indexOf(role)
}

/** Where to go after signing in: a page of ours, never another site. */
export function afterSignIn(wanted: unknown): string {
  return typeof wanted === 'string' && /^\/(?![/\\])/.test(wanted) ? wanted : '/'
}
