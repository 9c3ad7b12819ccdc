import { expect, test } from 'vitest';
import { PermissionHints } from '../../src/aws/permissions.ts';
import { MemoryLog } from '../fakes/log.ts';

test('explains each action once, in a short line, whatever error types a 403 has', () => {
  const log = new MemoryLog();
  const hints = new PermissionHints(log);
  for (let i = 0; i < 100; i++)
    hints.check('/TraceSegments', {
      kind: 'answer',
      status: 403,
      headers: { 'x-amzn-errortype': `${i}${'x'.repeat(10_000)}` },
      body: Buffer.alloc(0),
    });
  expect(log.lines).toHaveLength(1);
  expect(JSON.stringify(log.lines[0]).length).toBeLessThan(1_000);
});
