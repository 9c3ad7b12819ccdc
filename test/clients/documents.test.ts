import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { blocksOf, commandsOf, DOCUMENTS, isShell, type Block } from '../docs/markdown.ts';
import { BUNDLE } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { AWS_CLI } from './aws-cli.ts';

/**
 * The commands of the documents, as they are written: on a machine of their own (a network namespace), where `xrayd
 * local` has the ports that the documents name. The blocks of a document run in one shell, one after the other.
 */
const PAGES = DOCUMENTS.map((document) => ({ document, blocks: blocksOf(document).filter(isRun) })).filter(
  ({ blocks }) => blocks.length > 0,
);

const canUnshare = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
const skipped = canUnshare ? AWS_CLI.skipped : 'needs root, unshare and ip';
if (!canUnshare && process.env['XRAYD_REQUIRE_CLIENTS']) throw new Error(skipped);
const CACHE = resolve('node_modules/.cache/xrayd-docs');
/** What the documents install with pip. There is no network where they run. */
const PYTHON_PACKAGES = ['aws-xray-sdk==2.15.0', 'Flask==3.1.3', 'setuptools'];

const scope = Scope.shared();
let results = '';

function isRun(block: Block): boolean {
  return isShell(block) && (block.marker.kind === 'run' || block.marker.kind === 'until');
}

beforeAll(() => {
  if (skipped !== '') return;
  const folder = scope.folder();
  results = join(folder, 'results');
  mkdirSync(results);
  const driver = join(folder, 'driver.sh');
  writeFileSync(driver, driverOf(folder));
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', '--kill-child', '--fork', 'bash', driver], {
    env: environmentOf(folder),
    encoding: 'utf8',
    timeout: 240_000,
  });
  if (status !== 0) throw new Error(`${stdout}\n${stderr}`);
}, 300_000);

for (const { document, blocks } of PAGES) {
  const title = `${document}: its ${blocks.length} blocks of commands run`;
  test.skipIf(skipped !== '')(`${title}${skipped && ` (skipped: ${skipped})`}`, () => {
    const name = join(results, nameOf(document));
    expect(readFileSync(`${name}.code`, 'utf8').trim(), readFileSync(`${name}.out`, 'utf8')).toBe('0');
  });
}

const nameOf = (document: string): string => document.replaceAll('/', '_');

/** Runs everything; each page's output and exit code are in `results`. */
function driverOf(folder: string): string {
  const pages = PAGES.map(({ document, blocks }) => {
    const place = join(folder, nameOf(document));
    mkdirSync(place);
    for (const name of ['dist', 'deploy', 'examples']) symlinkSync(resolve(name), join(place, name));
    const script = join(folder, `${nameOf(document)}.sh`);
    writeFileSync(script, `${UNTIL}\nset -euo pipefail\n${blocks.map(scriptOf).join('\n')}\n`);
    const output = join(results, nameOf(document));
    return `(cd ${place} && timeout 90 bash ${script}) >${output}.out 2>&1 </dev/null; echo $? >${output}.code`;
  });
  return `
ip link set lo up
xrayd local >${folder}/local.out 2>&1 &
for _ in $(seq 150); do curl --silent --fail 127.0.0.1:2001/readyz >/dev/null && break; sleep 0.1; done
curl --silent --fail 127.0.0.1:2001/readyz >/dev/null || { cat ${folder}/local.out; exit 1; }
xrayd send >/dev/null
${pages.join('\n')}
exit 0
`;
}

function scriptOf({ line, marker, ...block }: Block): string {
  const commands = commandsOf({ line, marker, ...block });
  const label = `echo "--- line ${line}"`;
  // `set -e` does not end the script after a list such as `false && true`.
  if (marker.kind !== 'until') return `${label}\n${commands}\n[[ $? == 0 ]]`;
  return `${label}\nrun_until '${marker.text}' <<'COMMANDS'\nexec env ${commands}\nCOMMANDS`;
}

/** run_until TEXT: runs the command on standard input until it has written TEXT, then ends it, which has to succeed. */
const UNTIL = `
run_until() {
  local output pid
  output=$(mktemp)
  bash >"$output" 2>&1 <<<"$(cat)" &
  pid=$!
  for _ in $(seq 300); do grep --quiet --fixed-strings "$1" "$output" && break; sleep 0.1; done
  cat "$output"
  grep --quiet --fixed-strings "$1" "$output"
  kill "$pid"
  wait "$pid"
}
`;

function environmentOf(folder: string): Record<string, string> {
  const programs = join(folder, 'bin');
  mkdirSync(programs);
  const program = (name: string, text: string): void => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(programs, name), 0o755);
  };
  program('xrayd', `exec ${process.execPath} ${BUNDLE} "$@"`);
  // In a clone, npx finds the program of the clone.
  program('npx', 'test "$1" = xrayd || exit 127; exec "$@"');
  return {
    PATH: [programs, dirname(process.execPath), dirname(AWS_CLI.command![0]!), process.env['PATH']].join(':'),
    HOME: folder,
    AWS_EC2_METADATA_DISABLED: 'true',
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: wheels(),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  };
}

function wheels(): string {
  const folder = join(CACHE, PYTHON_PACKAGES.join('_').replaceAll('=', '-'));
  if (!existsSync(join(folder, 'done'))) {
    const { status } = spawnSync(
      'python3',
      ['-m', 'pip', 'download', '--quiet', '--dest', folder, ...PYTHON_PACKAGES],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    if (status !== 0) throw new Error('pip download failed: see above');
    writeFileSync(join(folder, 'done'), '');
  }
  return folder;
}
