import { createApp } from 'vue'
import App from './App.vue'
import { followTheme } from './composables/useTheme'
import { followLocale, i18n } from './i18n'
import { router } from './router'
import './styles/tokens.css'
import './styles/base.css'
import './styles/element.css'

followTheme()
const app = createApp(App)
app.use(i18n)
app.use(router)
await Promise.all([followLocale(), router.isReady()])
app.mount('#app')
