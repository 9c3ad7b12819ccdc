import { expect, test } from 'vitest';
import type { Component } from '../../src/pipeline/component.ts';
import { stopParts } from '../../src/pipeline/parts.ts';

const never = (): Promise<void> => new Promise(() => {});

function part(name: string, stop: Component['stop'], stopLimits: Component['stopLimits'] = {}): Component {
  return { name, start: async () => {}, stop, stopLimits };
}

test('abandons and names a part that never stops, and stops the others', async () => {
  const stopped: string[] = [];
  const problems: string[] = [];
  const parts = [
    part('udp', never, { limitMs: 50 }),
    part('batcher', async () => void stopped.push('batcher')),
    part('store', () => Promise.reject(new Error('broken'))),
    part('http', async () => void stopped.push('http')),
  ];
  await stopParts(parts, new AbortController().signal, ({ name }, error) => problems.push(`${name}: ${String(error)}`));
  expect(stopped).toEqual(['batcher', 'http']);
  expect(problems).toEqual(['udp: DeadlineError: stopping udp: no answer within 50 ms', 'store: Error: broken']);
});

test('a part without its own limit has until the common deadline, and a little longer', async () => {
  const problems: string[] = [];
  const hung = part('batcher', never, { limitMs: Infinity, graceMs: 30 });
  await stopParts([hung, hung], AbortSignal.timeout(50), ({ name }) => problems.push(name));
  expect(problems).toEqual(['batcher', 'batcher']);
});

test('a part that throws at once does not affect the others', async () => {
  const stopped: string[] = [];
  const broken = part('a', () => {
    throw new Error('at once');
  });
  await stopParts([broken, part('b', async () => void stopped.push('b'))], AbortSignal.abort(), () => {});
  expect(stopped).toEqual(['b']);
});
