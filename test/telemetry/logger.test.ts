import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { levelOf, openLog, ProcessLogger } from '../../src/telemetry/logger.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

function memory(
  level: 'info' | 'debug' = 'info',
  now?: () => number,
): { log: ProcessLogger; lines: Record<string, unknown>[] } {
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
] as const)("the reference's level %s is %s", (name, level) => {
  expect(levelOf(name)).toBe(level);
});

test('writes a limited line once in ten seconds per reason, and says next time how many were suppressed', () => {
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

test('writes JSON lines to a log file', async () => {
  const file = join(scope.folder(), 'xrayd.log');
  for (const hasRotation of [true, false]) {
    const log = await openLog({ level: 'prod', format: 'json', file, hasRotation }, 1);
    log.info({ rotation: hasRotation }, 'hello');
    await log.close();
  }
  const lines = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown); // prettier-ignore
  expect(lines).toMatchObject([{ rotation: true, msg: 'hello', level: 'info' }, { rotation: false }]);
});

test('external text cannot make a line long or split it, and is read no further than that', () => {
  const { log, lines } = memory();
  const evil = `\u001b[2J\n{"level":"info"}\u009b\u202e\u2028\ud800`;
  const nested = (depth: number): unknown => (depth === 0 ? evil : { a: nested(depth - 1) });
  const list = Array.from({ length: 100_000 }, () => 'x'.repeat(100));
  const members = Object.fromEntries(list.map((text, i) => [`key ${i}`, text]));
  log.warn(
    { id: 'x'.repeat(5_000_000), list, members, nested: nested(1_000), evil, number: 1, isSo: true, none: undefined },
    evil + 'y'.repeat(5_000_000),
  );
  log.limited('a', 'error', { error: new Error('z'.repeat(5_000_000)) }, 'limited');
  for (const line of lines) {
    const text = JSON.stringify(line);
    expect(text.length).toBeLessThan(40_000);
    // JSON escapes the rest.
    expect(text).not.toMatch(/[\u007f-\u009f\u202e\u2028]|\\ud800/);
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(lines.map(({ msg }) => msg).join('')).not.toMatch(/[\u0000-\u001f]/);
});

test('logs short printable text unchanged', () => {
  const { log, lines } = memory();
  const fields = {
    text: 'größe 日本語 🙂',
    stack: 'Error: x\n    at a',
    list: [1, 'a', null],
    of: { a: 1.5, b: false },
    tried: [],
  };
  log.info(fields, 'größe 🙂');
  expect(lines[0]).toMatchObject({ ...fields, msg: 'größe 🙂' });
});
