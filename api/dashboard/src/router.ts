import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { loadSession, mustSignIn } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /** The message that titles the browser tab, and the entry of the menu that is lit. */
    title: string
    section?: 'overview' | 'tags' | 'users' | 'crowds' | 'behaviour' | 'models' | 'parity' | 'quality' | 'sql' | 'jobs'
    /** The page stands alone, and is for everyone. */
    bare?: boolean
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'overview', component: () => import('./pages/OverviewPage.vue'), meta: { title: 'nav.overview', section: 'overview' } },
  { path: '/tags', name: 'tags', component: () => import('./pages/TagsPage.vue'), meta: { title: 'nav.tags', section: 'tags' } },
  { path: '/tags/:name', name: 'tag', component: () => import('./pages/TagPage.vue'), props: true, meta: { title: 'nav.tags', section: 'tags' } },
  { path: '/lineage', name: 'lineage', component: () => import('./pages/LineagePage.vue'), meta: { title: 'lineage.title', section: 'tags' } },
  { path: '/tags/:name/edit', name: 'tag-editor', component: () => import('./pages/TagEditorPage.vue'), props: true, meta: { title: 'nav.tags', section: 'tags' } },
  { path: '/users', name: 'users', component: () => import('./pages/UsersPage.vue'), meta: { title: 'nav.users', section: 'users' } },
  { path: '/users/:id', name: 'user', component: () => import('./pages/UserPage.vue'), props: true, meta: { title: 'nav.users', section: 'users' } },
  { path: '/crowds', name: 'crowds', component: () => import('./pages/CrowdsPage.vue'), meta: { title: 'nav.crowds', section: 'crowds' } },
  { path: '/crowds/:name', name: 'crowd', component: () => import('./pages/CrowdPage.vue'), props: true, meta: { title: 'nav.crowds', section: 'crowds' } },
  { path: '/crowds/:name/portrait', name: 'portrait', component: () => import('./pages/PortraitPage.vue'), props: true, meta: { title: 'nav.crowds', section: 'crowds' } },
  { path: '/behaviour', name: 'behaviour', redirect: '/behaviour/trends' },
  { path: '/behaviour/:chart(trends|funnel|retention|paths|sessions)', name: 'behaviour-chart', component: () => import('./pages/BehaviourPage.vue'), props: true, meta: { title: 'nav.behaviour', section: 'behaviour' } },
  { path: '/sql/:id?', name: 'sql', component: () => import('./pages/SqlPage.vue'), props: (route) => ({ id: (route.params.id as string) || undefined }), meta: { title: 'nav.sql', section: 'sql' } },
  { path: '/jobs', name: 'jobs', component: () => import('./pages/JobsPage.vue'), meta: { title: 'nav.jobs', section: 'jobs' } },
  { path: '/models', name: 'models', component: () => import('./pages/ModelsPage.vue'), meta: { title: 'nav.models', section: 'models' } },
  { path: '/models/:name', name: 'model', component: () => import('./pages/ModelPage.vue'), props: true, meta: { title: 'nav.models', section: 'models' } },
  { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { title: 'login.title', bare: true } },
  { path: '/settings', name: 'settings', component: () => import('./pages/SettingsPage.vue'), meta: { title: 'settings.title' } },
  { path: '/parity', name: 'parity', component: () => import('./pages/ParityPage.vue'), meta: { title: 'nav.parity', section: 'parity' } },
  { path: '/parity/runs/:id', name: 'parity-run', component: () => import('./pages/ParityRunPage.vue'), props: true, meta: { title: 'nav.parity', section: 'parity' } },
  { path: '/quality', name: 'quality', component: () => import('./pages/QualityPage.vue'), meta: { title: 'nav.quality', section: 'quality' } },
  { path: '/:rest(.*)*', name: 'not-found', component: () => import('./pages/NotFoundPage.vue'), meta: { title: 'notFound.title' } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior(to, from, saved) {
    if (saved) return saved
    return to.path === from.path ? false : { top: 0 }
  },
})

router.beforeEach(async (to) => {
  await loadSession()
  return mustSignIn.value && !to.meta.bare ? { name: 'login', query: { next: to.fullPath } } : true
})
