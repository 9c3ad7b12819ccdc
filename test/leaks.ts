import { afterAll, beforeAll, expect } from 'vitest';
import { eventually } from './fakes/eventually.ts';
import { restartIds } from './fakes/ids.ts';

// The files of `npm test` share a few processes, which saves half of the CPU time of the small ones. What one of them
// leaves behind would decide how the next one ends.
restartIds();

let env: NodeJS.ProcessEnv;
let globals: ReadonlySet<string>;
let folder: string;
let resources: ReadonlyMap<string, number>;

/** The AWS SDK defines it when it is loaded. */
const OF_LIBRARIES = new Set(['awslambda']);
/** What a test opens and has to close. */
const OPENED = ['TCPServerWrap', 'PipeServerWrap', 'UDPWrap', 'ProcessWrap', 'FSEventWrap'];

function opened(): ReadonlyMap<string, number> {
  const all = process.getActiveResourcesInfo();
  return new Map(OPENED.map((kind) => [kind, all.filter((each) => each === kind).length]));
}

beforeAll(() => {
  env = { ...process.env };
  globals = new Set(Object.getOwnPropertyNames(globalThis));
  folder = process.cwd();
  resources = opened();
});

afterAll(async () => {
  const now = { ...process.env };
  const added = Object.getOwnPropertyNames(globalThis).filter((name) => !globals.has(name) && !OF_LIBRARIES.has(name));
  // Not another object: vi.stubEnv() would go on with the first.
  for (const name of Object.keys(now)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  for (const name of added) Reflect.deleteProperty(globalThis, name);
  expect(now, 'the file leaves other variables of the environment').toEqual(env);
  expect(added, 'the file leaves globals').toEqual([]);
  expect(process.cwd(), 'the file leaves another working folder').toBe(folder);
  const isClosed = (): boolean => OPENED.every((kind) => opened().get(kind)! <= resources.get(kind)!);
  await eventually(isClosed, 5_000, 'the file leaves servers, sockets, processes or watchers open');
});
