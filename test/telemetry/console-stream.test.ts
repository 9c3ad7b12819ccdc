import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { expect, test } from 'vitest';
import { ConsoleStream } from '../../src/telemetry/console-stream.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

/** A console of 64 KB whose reader reads when it is told. `flags` are those of the writing end. */
function pipe(flags = 0): { fd: number; read: () => string } {
  const path = join(scope.folder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY | flags);
  scope.add(() => {
    closeSync(reading);
    closeSync(fd);
  });
  // A letter may be cut in two between one reading and the next.
  const decoder = new StringDecoder('utf8');
  const read = (): string => {
    const chunk = Buffer.alloc(1_000_000);
    try {
      return decoder.write(chunk.subarray(0, readSync(reading, chunk)));
    } catch {
      return '';
    }
  };
  return { fd, read };
}

const lineOf = (i: number): string => `${i} ${'é'.repeat(500)}\n`;

test.each([
  ['blocks', 0],
  ['says EAGAIN', constants.O_NONBLOCK],
])(
  'a full console that %s keeps the order, drops and counts lines beyond its budget, and reports them when it is read again',
  async (_what, flags) => {
    const { fd, read } = pipe(flags);
    const console = new ConsoleStream(fd, 200_000);
    const resumed: number[] = [];
    console.events = { onError: (error) => expect.fail(error.message), onResumed: (lost) => resumed.push(lost) };
    for (let i = 0; i < 400; i++) console.write(lineOf(i));
    const { lost } = console;
    expect(lost).toBeGreaterThan(100);
    expect(resumed).toEqual([]);
    let text = '';
    await eventually(() => (text += read()).includes(`${399 - lost} é`) && text.endsWith('\n'));
    await console.flush();
    expect(text).toBe(Array.from({ length: 400 - lost }, (_, i) => lineOf(i)).join(''));
    expect(resumed).toEqual([lost]);
    console.write('again\n');
    await console.flush();
    expect(read()).toBe('again\n');
    expect(console.lost).toBe(lost);
  },
);

test('counts each line that the console does not accept, and tries the next one', async () => {
  const fd = openSync('/dev/full', 'w');
  scope.add(() => closeSync(fd));
  const console = new ConsoleStream(fd);
  const errors: string[] = [];
  console.events = { onError: (error) => errors.push(error.message), onResumed: () => {} };
  for (let i = 0; i < 3; i++) {
    console.write('line\n');
    await console.flush();
  }
  expect(console.lost).toBe(3);
  expect(errors).toEqual(Array(3).fill(expect.stringContaining('ENOSPC')));
});
