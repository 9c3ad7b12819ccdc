import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = dirname(fileURLToPath(import.meta.url));
const CACHE = join(SOURCES, '../../node_modules/.cache/xrayd-clients');
const INSTALL_TIMEOUT_MS = 300_000;

export interface Client {
  readonly name: string;
  /** Program and arguments; undefined when the client cannot run here. */
  readonly command: readonly string[] | undefined;
  /** Why it cannot. */
  readonly skipped: string;
}

interface Recipe {
  readonly name: string;
  /** What says which versions: a change makes a new installation. */
  readonly pinnedBy: string;
  readonly tool: string;
  /** Its own files: a change makes a new installation too. */
  readonly programs: readonly string[];
  readonly install: (folder: string) => void;
  readonly command: (folder: string) => readonly string[];
}

/** `program` is the one that the command runs; without it, the command is Python. */
function pythonClient(name: string, programs: readonly string[], program?: string): Recipe {
  return {
    name,
    pinnedBy: 'requirements.txt',
    tool: 'python3',
    programs,
    install: (folder) => {
      run('python3', ['-m', 'venv', 'venv'], folder);
      run(
        'venv/bin/pip',
        ['install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', 'requirements.txt'],
        folder,
      );
    },
    command: (folder) => [join(folder, 'venv/bin/python'), ...(program === undefined ? [] : [join(folder, program)])],
  };
}

function nodeClient(name: string, program: string): Recipe {
  return {
    name,
    pinnedBy: 'package-lock.json',
    tool: 'npm',
    programs: [program],
    install: (folder) => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], folder),
    command: (folder) => [process.execPath, join(folder, program)],
  };
}

function goClient(name: string, ...more: readonly string[]): Recipe {
  return {
    name,
    pinnedBy: 'go.sum',
    tool: 'go',
    programs: ['main.go', 'go.mod', ...more],
    install: (folder) => run('go', ['build', '-o', 'app', '.'], folder),
    command: (folder) => [join(folder, 'app')],
  };
}

/** A program that OpenTelemetry's Java agent instruments; a JVM that starts sooner, since it ends at once. */
function javaClient(name: string, main: string): Recipe {
  return {
    name,
    pinnedBy: 'pom.xml',
    tool: 'mvn',
    programs: [`${main}.java`],
    install: (folder) => {
      run('mvn', ['-q', '-B', 'dependency:copy-dependencies'], folder);
      run('javac', ['-cp', 'lib/*', '-d', '.', `${main}.java`], folder);
    },
    command: (folder) => [
      'java',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      `-javaagent:${join(folder, 'lib/opentelemetry-javaagent.jar')}`,
      '-cp',
      `${folder}:${join(folder, 'lib/*')}`,
      main,
    ],
  };
}

/** Web applications with AWS's X-Ray SDKs. */
const APPLICATIONS = [pythonClient('python', ['app.py'], 'app.py'), nodeClient('node', 'app.cjs'), goClient('go')];

/** Programs with OpenTelemetry's SDKs. */
const SENDERS = {
  python: pythonClient('otel-python', ['send.py', 'wire.py'], 'send.py'),
  node: nodeClient('otel-node', 'send.cjs'),
  go: goClient('otel-go', 'wire.go'),
  java: javaClient('otel-java', 'Send'),
};

/** Web applications with the AWS Distro for OpenTelemetry. */
const DISTROS = {
  python: {
    ...pythonClient('adot-python', ['app.py']),
    command: (folder: string) => [
      ...['python', 'opentelemetry-instrument', 'python'].map((program) => join(folder, 'venv/bin', program)),
      join(folder, 'app.py'),
    ],
  },
  node: {
    ...nodeClient('adot-node', 'app.cjs'),
    command: (folder: string) => [
      process.execPath,
      '--require',
      join(folder, 'node_modules/@aws/aws-distro-opentelemetry-node-autoinstrumentation/build/src/register.js'),
      join(folder, 'app.cjs'),
    ],
  },
};

/** Programs that read from an X-Ray. */
const READERS = {
  'aws-cli': pythonClient('aws-cli', ['operations.py', 'constraints.py']),
  grafana: goClient('grafana'),
};

/**
 * Installs each client once, beside node_modules. One that cannot be installed is skipped by name, unless
 * XRAYD_REQUIRE_CLIENTS is set: CI's case.
 */
export function prepareClients(): Client[] {
  return APPLICATIONS.map(prepareOne);
}

/** The same for those that send OTLP. */
export function prepareSenders(): Client[] {
  return Object.values(SENDERS).map(prepareOne);
}

/** One of them. */
export function prepareSender(name: keyof typeof SENDERS): Client {
  return prepareOne(SENDERS[name]);
}

/** The same for those with the AWS Distro for OpenTelemetry. */
export function prepareDistro(name: keyof typeof DISTROS): Client {
  return prepareOne(DISTROS[name]);
}

/** The same for those that read. */
export function prepareReader(name: keyof typeof READERS): Client {
  return prepareOne(READERS[name]);
}

function prepareOne(recipe: Recipe): Client {
  try {
    return { name: recipe.name, command: prepare(recipe), skipped: '' };
  } catch (error) {
    if (process.env['XRAYD_REQUIRE_CLIENTS']) throw error;
    return { name: recipe.name, command: undefined, skipped: reasonOf(recipe, error) };
  }
}

function prepare(recipe: Recipe): readonly string[] {
  const source = join(SOURCES, recipe.name);
  const hash = createHash('sha256');
  for (const file of [recipe.pinnedBy, ...recipe.programs]) hash.update(readFileSync(join(source, file)));
  const folder = join(CACHE, `${recipe.name}-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(join(folder, 'installed'))) return recipe.command(folder);
  mkdirSync(CACHE, { recursive: true });
  alone(`${folder}.lock`, () => {
    if (!existsSync(join(folder, 'installed'))) install(recipe, source, folder);
  });
  return recipe.command(folder);
}

/** Runs `work` while no other process does so with this lock: two test files may need the same client. */
function alone(lock: string, work: () => void): void {
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch {
      // What a killed run left.
      if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > 2 * INSTALL_TIMEOUT_MS)
        rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  try {
    work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function install(recipe: Recipe, source: string, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  cpSync(source, folder, { recursive: true });
  run(recipe.tool, [recipe.tool === 'go' ? 'version' : '--version'], folder);
  recipe.install(folder);
  // Last, so that an installation that was cut off is made again.
  cpSync(join(folder, recipe.pinnedBy), join(folder, 'installing'));
  renameSync(join(folder, 'installing'), join(folder, 'installed'));
}

function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_TIMEOUT_MS });
}

function reasonOf({ tool }: Recipe, error: unknown): string {
  const { code, stderr } = error as { code?: string; stderr?: Buffer };
  if (code === 'ENOENT') return `${tool} is not installed`;
  return `it could not be installed: ${stderr?.toString().trim().split('\n').at(-1) ?? String(error)}`;
}
