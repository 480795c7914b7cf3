import { afterEach, expect, test, vi } from 'vitest'
import { credentials, request } from '../src/api'
import { actor, afterSignIn, can, ended, mustSignIn, resumeSession, ROLES, session, signIn, signOut, type Role, type SessionState } from '../src/session'

const state = (role: Role | null): SessionState => ({
  access: 'required',
  actor: role && { name: 'ann', role, kind: 'user', csrf_token: 'c5', expires_at: null },
  provider: null,
  passwords: true,
})
function answering(status: number, body: unknown) {
  const asked: { address: string; init: RequestInit }[] = []
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    asked.push({ address, init })
    return new Response(status === 204 ? null : JSON.stringify(body), { status })
  })
  return asked
}
afterEach(() => {
  vi.unstubAllGlobals()
  session.value = null
  ended.value = false
  credentials.csrfToken = null
})

test('a role may do what those below it may, and a service nothing', () => {
  for (const [place, role] of ROLES.entries()) {
    session.value = state(role)
    expect(ROLES.filter(can)).toEqual(ROLES.slice(0, place + 1))
  }
  session.value = state('service')
  expect(ROLES.filter(can)).toEqual([])
  session.value = state(null)
  expect([ROLES.filter(can), mustSignIn.value]).toEqual([[], true])
})

test('after signing in a change carries the token, and a question does not', async () => {
  answering(200, state('editor'))
  await signIn('ann', 'secret')
  const asked = answering(200, {})
  await request('/crowds', { method: 'POST', body: {} })
  await request('/crowds')
  expect(asked.map(({ init }) => (init.headers as Record<string, string>)['X-CSRF-Token'])).toEqual(['c5', undefined])
})

test('a session that ends is said to have ended, and a wrong password is not that', async () => {
  session.value = state('editor')
  answering(401, { error: { code: 'login_refused', message: 'no' } })
  await expect(signIn('ann', 'wrong')).rejects.toThrow('no')
  expect(ended.value).toBe(false)
  await expect(request('/tags')).rejects.toThrow()
  expect(ended.value).toBe(true)
})

test('a page whose session ended goes on when somebody signed in again elsewhere', async () => {
  session.value = state('editor')
  ended.value = true
  answering(200, state(null))
  await resumeSession()
  expect(ended.value).toBe(true)
  answering(200, { ...state('editor'), actor: { ...state('editor').actor, csrf_token: 'c6' } })
  await resumeSession()
  expect([ended.value, credentials.csrfToken]).toEqual([false, 'c6'])
})

test('signing out forgets who it was, also where the session had ended', async () => {
  session.value = state('admin')
  answering(401, { error: { code: 'session_ended', message: 'over' } })
  await signOut()
  expect([actor.value, mustSignIn.value, credentials.csrfToken]).toEqual([null, true, null])
})

test('signing in leads to a page of ours and to no other site', () => {
  expect(afterSignIn('/crowds?x=1')).toBe('/crowds?x=1')
  for (const other of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', undefined, ['/a']]) expect(afterSignIn(other)).toBe('/')
})
