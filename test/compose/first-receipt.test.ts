import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FirstReceipt } from '../../src/compose/first-receipt.ts';
import { Accounting } from '../../src/pipeline/accounting.ts';
import { MemoryLog } from '../fakes/log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function start(): Promise<{ part: FirstReceipt; accounting: Accounting; log: MemoryLog }> {
  const [accounting, log] = [new Accounting(), new MemoryLog()];
  const part = new FirstReceipt({ accounting, log, address: () => ({ host: '127.0.0.1', port: 2000 }) });
  await part.start();
  return { part, accounting, log };
}

test('says once, after a minute, that nothing but rejected datagrams arrived, and where', async () => {
  const { accounting, log } = await start();
  accounting.received = 1;
  accounting.rejected.empty = 1;
  vi.advanceTimersByTime(59_000);
  expect(log.lines).toEqual([]);
  vi.advanceTimersByTime(600_000);
  expect(log.lines).toEqual([
    {
      level: 'info',
      message: expect.stringMatching(/^no segments received in the first minute\. .*AWS_XRAY_DAEMON_ADDRESS/) as string,
      fields: { address: '127.0.0.1:2000' },
    },
  ]);
});

test('is silent if segments arrived, and after the stop', async () => {
  const received = await start();
  received.accounting.received = 1;
  const stopped = await start();
  await stopped.part.stop();
  vi.advanceTimersByTime(120_000);
  expect([...received.log.lines, ...stopped.log.lines]).toEqual([]);
});
