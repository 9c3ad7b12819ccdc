import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { levelOf, openLog, ProcessLogger } from '../../src/telemetry/logger.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function memory(level: 'info' | 'debug' = 'info', now?: () => number): { log: ProcessLogger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { log: new ProcessLogger(destination, level, undefined, now), lines };
}

test.each([
  ['dev', 'trace'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['prod', 'info'],
])("the reference's level %s is %s", (name, level) => {
  expect(levelOf(name)).toBe(level);
});

test('a limited line is written once in ten seconds for each reason, and the next says how many were not', () => {
  let nowMs = 0;
  const { log, lines } = memory('info', () => nowMs);
  for (let i = 0; i < 5; i++) log.limited('a', 'warn', { i }, 'again');
  log.limited('b', 'warn', {}, 'another');
  nowMs = 10_000;
  log.limited('a', 'warn', { i: 5 }, 'again');
  expect(lines.map(({ msg, i, suppressed }) => [msg, i, suppressed])).toEqual([
    ['again', 0, undefined],
    ['another', undefined, undefined],
    ['again', 5, 4],
  ]);
});

test('a log file gets the lines as JSON', async () => {
  const file = join(scope.folder(), 'xrayd.log');
  for (const hasRotation of [true, false]) {
    const log = await openLog({ level: 'prod', format: 'json', file, hasRotation }, 1);
    log.info({ rotation: hasRotation }, 'hello');
    await log.close();
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown); // prettier-ignore
  expect(lines).toMatchObject([{ rotation: true, msg: 'hello', level: 'info' }, { rotation: false }]);
});
