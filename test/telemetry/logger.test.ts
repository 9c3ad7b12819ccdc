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

test('no text from outside makes a line long, or a second line of it, and none is looked at for longer than that', () => {
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

test('what is short and printable stands in the log as it is', () => {
  const { log, lines } = memory();
  const fields = { text: 'größe 日本語 🙂', stack: 'Error: x\n    at a', list: [1, 'a', null], of: { a: 1.5, b: false }, tried: [] };
  log.info(fields, 'größe 🙂');
  expect(lines[0]).toMatchObject({ ...fields, msg: 'größe 🙂' });
});
