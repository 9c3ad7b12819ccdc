/**
 * npm run executable -- [--out FILE] [--archive DIR] [--prepared]: the whole program in one executable file, which needs
 * no Node: Node's single executable application. With --archive, a compressed copy named after the version and the platform.
 *
 *   npm run executable -- --node FILE --out FILE      for another platform: FILE is its Node, of the version that runs this
 *
 * On macOS the file gets a signature, without which it does not start; if it was built on another system, run `codesign`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { END_WITH } from '../src/cli/end-with.ts';

const FOLDER = 'dist/executable';
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: process.execPath },
    out: { type: 'string', default: process.platform === 'win32' ? 'dist/xrayd.exe' : 'dist/xrayd' },
    archive: { type: 'string' },
    /** Uses dist/xrayd.cjs as it is. */
    prepared: { type: 'boolean', default: false },
  },
});

if (!values.prepared) execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
mkdirSync(FOLDER, { recursive: true });
const [main, node, config] = ['main.cjs', 'node', 'config.json'].map((file) => join(FOLDER, file)) as [
  string,
  string,
  string,
];
// The executable cannot run other code than its own, so the program ends itself with a variable: see src/main.ts.
const end = `if (process.env.${END_WITH} !== undefined) process.exit(Number(process.env.${END_WITH}));\n`;
writeFileSync(main, end + readFileSync('dist/xrayd.cjs', 'utf8').replace(/^#!.*\n/, ''));
copyFileSync(values.node, node);
// A fifth of the file is names of functions of Node. Where there is a `strip`, it is for this machine's own format.
const isOwn = values.node === process.execPath;
if (isOwn && process.platform === 'linux') spawnSync('strip', [node], { stdio: 'ignore' });
writeFileSync(
  config,
  JSON.stringify({
    main,
    executable: node,
    output: values.out,
    disableExperimentalSEAWarning: true,
    // It would tie the file to this machine's processor.
    useCodeCache: false,
    execArgv: ['--disable-sigusr1'],
  }),
);
execFileSync(process.execPath, ['--build-sea', config], { stdio: 'inherit' });
if (isOwn && process.platform === 'darwin') execFileSync('codesign', ['--sign', '-', values.out], { stdio: 'inherit' });
rmSync(FOLDER, { recursive: true });
console.log(`built ${values.out}: ${(statSync(values.out).size / 1e6).toFixed(0)} MB`);

if (values.archive !== undefined) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  mkdirSync(values.archive, { recursive: true });
  const isWindows = process.platform === 'win32';
  const file = join(
    values.archive,
    `xrayd-${version}-${process.platform}-${process.arch}.${isWindows ? 'zip' : 'tar.gz'}`,
  );
  // The tar of Windows chooses the format by the name.
  const how = isWindows ? ['-a', '-c'] : ['-z', '-c'];
  execFileSync('tar', [...how, '-f', file, '-C', dirname(values.out), basename(values.out)], { stdio: 'inherit' });
  console.log(`built ${file}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
}
