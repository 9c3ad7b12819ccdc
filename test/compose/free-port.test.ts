import { afterEach, expect, test, vi } from 'vitest';
import { freePort } from '../../src/compose/free-port.ts';

afterEach(() => vi.restoreAllMocks());

test('gives no port twice, also before the first is bound', async () => {
  vi.spyOn(Math, 'random').mockReturnValueOnce(0.25).mockReturnValueOnce(0.25);
  const first = await freePort();
  expect(await freePort()).not.toBe(first);
});
