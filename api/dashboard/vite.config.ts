/// <reference types="vitest/config" />
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

/**
 * Sets the theme before the first paint. A file of its own, because the content security policy refuses inline scripts,
 * and a classic script, because a module would run after the page has been painted in the wrong colours.
 */
function themeBeforePaint(): Plugin {
  const source = `(function () {
  var wanted = null
  try { wanted = localStorage.getItem('tagstream.theme') } catch (refused) {}
  var dark = wanted === 'dark' || (wanted !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
`
  let serving = false
  return {
    name: 'theme-before-paint',
    configResolved(config) {
      serving = config.command === 'serve'
    },
    configureServer(server) {
      server.middlewares.use('/theme.js', (_request, response) => {
        response.setHeader('Content-Type', 'text/javascript')
        response.end(source)
      })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, context) {
        const built = Object.values(context.bundle ?? {}).find((file) => file.type === 'asset' && file.names.includes('theme.js'))
        if (!serving && !built) throw new Error('theme.js is not in the bundle')
        return [{ tag: 'script', attrs: { src: built ? `/${built.fileName}` : '/theme.js' }, injectTo: 'head-prepend' }]
      },
    },
    generateBundle: {
      order: 'pre',
      handler() {
        this.emitFile({ type: 'asset', name: 'theme.js', source })
      },
    },
  }
}

export default defineConfig({
  plugins: [vue(), themeBeforePaint()],
  define: {
    __VUE_OPTIONS_API__: true, // Element Plus components still need it
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // nothing as a data: URI, so that the security policy can stay strict
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: 'http://127.0.0.1:5000', changeOrigin: false } },
  },
  test: { environment: 'node', include: ['tests/**/*.test.ts'] },
})
