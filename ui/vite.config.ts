import { defineConfig } from 'vite';

/** The page: `npm run build` puts it into dist/page, and from there into the bundle. `npx vite ui` serves it while working, over a running `npm start`. */
export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    // Everything has a file of its own: the policy of the page allows nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What the first rows need is one file: of what later screens share with it, the bundler would make files of their own.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'page', tags: ['$initial'] }] } } },
  },
  worker: { format: 'es' },
  server: {
    port: 2080,
    proxy: Object.fromEntries(['/api', '/events', '/TraceGraph'].map((path) => [path, 'http://127.0.0.1:2000'])),
  },
});
