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

test('explains an action again every 5 minutes while it is refused', () => {
  const log = new MemoryLog();
  let nowMs = 0;
  const hints = new PermissionHints(log, () => nowMs);
  const denied = { kind: 'answer', status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' } } as const;
  for (nowMs = 0; nowMs < 600_000; nowMs += 10_000)
    hints.check('/TraceSegments', { ...denied, body: Buffer.from('{}') });
  expect(log.find(/X-Ray refuses xray:PutTraceSegments: allow the role/)).toHaveLength(2);
});
