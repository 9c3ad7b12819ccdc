import { expect, test } from 'vitest';
import { consoleOutput, type Stream } from '../../src/cli/console-output.ts';
import type { CommandOutput } from '../../src/cli/command.ts';

/** What is written, each stream in its own list. */
function outputs(isTerminal: { out: boolean; err: boolean }): CommandOutput & {
  written: { out: string[]; err: string[] };
  clock: { ms: number };
} {
  const written = { out: [] as string[], err: [] as string[] };
  const clock = { ms: 0 };
  const stream = (name: 'out' | 'err'): Stream => ({
    isTerminal: isTerminal[name],
    write: (text, onWritten) => {
      written[name].push(text);
      onWritten?.();
    },
  });
  return { ...consoleOutput(stream('out'), stream('err'), () => clock.ms), written, clock };
}

test('progress is one line of a terminal, ten times a second at most, and gives way to what is said', () => {
  const { progress, say, written, clock } = outputs({ out: false, err: true });
  progress('1 trace');
  progress('2 traces');
  clock.ms = 100;
  progress('3 traces');
  say('done\n');
  say('really\n');
  expect(written.err).toEqual(['\r\u{1b}[K1 trace …', '\r\u{1b}[K3 traces …', '\r\u{1b}[K', 'done\n', 'really\n']);
});

test('there is no progress in a file or a pipe, and none beside results on the same terminal', async () => {
  const piped = outputs({ out: true, err: false });
  piped.progress('1 trace');
  expect(piped.written.err).toEqual([]);
  const both = outputs({ out: true, err: true });
  both.progress('1 trace');
  await both.out('{}\n');
  both.clock.ms = 1_000;
  both.progress('2 traces');
  expect(both.written).toEqual({ out: ['{}\n'], err: ['\r\u{1b}[K1 trace …', '\r\u{1b}[K'] });
});
