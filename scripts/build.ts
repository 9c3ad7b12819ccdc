/**
 * Builds dist/xrayd.cjs (the whole program in one file, including the code of its threads and the page) and
 * dist/index.cjs (the library, without AWS).
 */
import { chmodSync, copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { COMMANDS } from '../src/cli/commands.ts';
import { buildPage } from './page.ts';
import { licensesOf } from './licenses.ts';

const { version, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  engines: { node: string };
};
const OUTPUT = 'dist/xrayd.cjs';
const LIBRARY = 'dist/index.cjs';

// The first `npx xrayd` in a checkout runs `prepare`: half a minute of silence, and another program under a running one.
if (process.argv.includes('--prepare') && process.env['npm_command'] === 'exec' && existsSync(OUTPUT)) process.exit();

/**
 * Runs before anything else, with syntax that every Node understands. CommonJS, and syntax for an old Node: an ES
 * module's imports would be resolved first and fail with a stack trace. The listener keeps Node from opening its
 * inspector at SIGUSR1 (src/cli/signals.ts); a function of this file would keep its text in memory.
 */
const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
const versionCheck = (otherwise: (message: string) => string): string => `(function () {
  var found = process.versions.node.split('.');
  if (+found[0] > ${major} || (+found[0] === ${major} && +found[1] >= ${minor})) return;
  var message = 'xrayd: needs Node ${major}.${minor} or newer, this is ' + process.versions.node + ' (' + process.execPath + ').';
  ${otherwise('message')}
})();`;
const VERSION_CHECK = `process.on('SIGUSR1', Function.prototype);
${versionCheck((message) => `console.error(${message});\n  process.exit(1);`)}`;

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node16',
  // require() instead: the loader of ES modules takes time to start.
  supported: { 'dynamic-import': false },
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  metafile: true,
  logLevel: 'warning',
  // Both are guarded by a check for a constant that is defined here.
  define: { 'import.meta.url': '"file:///"' },
  // Prefers ES modules, whose dead code can be removed.
  mainFields: ['module', 'main'],
  // Loaded only when they are used, and never here: fastify's `inject` and JSON Schema compilers (`noCompiler` in
  // src/api/server.ts), and the SDK's user agent in browsers.
  external: ['light-my-request', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'bowser'],
};

const builders: { inputs: Record<string, unknown> } = { inputs: {} };
/**
 * typebox consists of 370 modules. Behind a dynamic import, esbuild makes a function of each, used or not, which takes
 * 80 KiB; the builders that src/api/type.ts names take 14 KiB when they are bundled first.
 */
const schemaBuilders: Plugin = {
  name: 'schema-builders',
  setup: (bundler) => {
    bundler.onLoad({ filter: /src\/api\/type\.ts$/ }, async ({ path }) => {
      const { outputFiles, metafile } = await build({
        ...shared,
        metafile: true,
        entryPoints: [path],
        format: 'esm',
        plugins: [],
        write: false,
      });
      Object.assign(builders.inputs, metafile.inputs);
      return { contents: outputFiles[0]!.text, loader: 'js' };
    });
  },
};
/** It loads node:https and node:zlib, and xrayd is scraped. */
const noPushGateway: Plugin = {
  name: 'no-push-gateway',
  setup: (bundler) => {
    bundler.onLoad({ filter: /prom-client\/lib\/pushgateway\.js$/ }, () => ({ contents: '' }));
  },
};
shared.plugins = [schemaBuilders, noPushGateway];

const worker = await build({ ...shared, entryPoints: ['src/udp/receive-worker.ts'], write: false });
const store = await build({ ...shared, entryPoints: ['src/threads/store-worker.ts'], write: false });
const define = {
  ...shared.define,
  XRAYD_VERSION: JSON.stringify(version),
  RECEIVE_WORKER_SOURCE: JSON.stringify(worker.outputFiles[0]!.text),
  STORE_WORKER_SOURCE: JSON.stringify(store.outputFiles[0]!.text),
  // The library does not include the page.
  PAGE_FILES: '{}',
};
const library = await build({
  ...shared,
  entryPoints: ['src/compose/library.ts'],
  outfile: LIBRARY,
  define,
  banner: { js: `"use strict";\n${versionCheck((message) => `throw new Error(${message});`)}` },
  legalComments: 'none',
});
copyFileSync('src/compose/library-types.ts', 'dist/index.d.ts');
const page = await buildPage();
const whole = await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  define: { ...define, PAGE_FILES: JSON.stringify(page.files) },
  legalComments: 'none',
  write: false,
});
/**
 * The daemon runs on every node, and starts from a program of its own, which is half as large: V8 parses a program before
 * it runs. The whole program has the other commands.
 */
const LIGHT_COMMANDS: readonly string[] = ['daemon'] satisfies (keyof typeof COMMANDS)[];
const otherCommands = Object.keys(COMMANDS).filter((name) => !LIGHT_COMMANDS.includes(name));
/** `--help` is in the whole program too. */
const otherWords = [...otherCommands, '-h', '--h', '-help', '--help'];
const light = await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  define,
  plugins: [
    ...shared.plugins,
    {
      name: 'light-program',
      setup: (bundler) =>
        bundler.onLoad({ filter: new RegExp(`/src/cli/(${otherCommands.join('|')})\\.ts$`) }, () => ({
          contents: "throw new Error('this command is in the whole program')",
        })),
    },
  ],
  legalComments: 'none',
  write: false,
});
/** What a probe starts every few seconds, before either program is unpacked. */
const quick = await build({
  ...shared,
  entryPoints: ['src/cli/quick-healthcheck.ts'],
  format: 'iife',
  globalName: 'quick',
  legalComments: 'none',
  write: false,
});
/** In a comment, which V8 skips fastest, and which the text of a function includes. */
const packed = (name: string, { contents }: { contents: Uint8Array }): string =>
  `function ${name}() {/*${brotliCompressSync(contents).toString('base64')}*/}`;
writeFileSync(
  OUTPUT,
  `#!/usr/bin/env node
${VERSION_CHECK}
if (process.argv.indexOf('healthcheck') !== -1) {
  ${quick.outputFiles[0]!.text.trim()}
  if (quick.quickHealthcheck(process.argv.slice(2), process.env)) return;
}
var isOther = process.argv.some(function (word) { return ${JSON.stringify(otherWords)}.indexOf(word) !== -1; });
var program = isOther ? whole : daemon;
// As the loader of CommonJS does it, so that NODE_COMPILE_CACHE works for these programs too. In a turn without this
// file on its stack: an error that a program keeps would keep the text of this file in memory.
process.nextTick(module._compile.bind(module, unpacked(String(program)), __filename + '#' + program.name, 'commonjs'));
function unpacked(text) {
  var compressed = Buffer.from(text.slice(text.indexOf('/*') + 2, text.lastIndexOf('*/')), 'base64');
  return require('node:zlib').brotliDecompressSync(compressed).toString('latin1');
}
${packed('daemon', light.outputFiles[0]!)}
${packed('whole', whole.outputFiles[0]!)}
`,
);
chmodSync(OUTPUT, 0o755);
const bundles = [whole, light, library, worker, store].map(({ metafile }) => metafile!);
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licensesOf(...bundles, builders, { inputs: page.inputs }));
for (const file of [OUTPUT, LIBRARY]) console.log(`built ${file}: ${(statSync(file).size / 1024).toFixed(0)} KiB`);
