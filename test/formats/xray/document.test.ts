import fc from '../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { formatLine } from '../../../src/exporters/store/console-line.ts';
import { summarize } from '../../../src/formats/xray/document.ts';
import { DATAGRAMS } from '../../fakes/fixtures.ts';
import { segmentJson, sub } from '../../fakes/traces.ts';

const lineOf = (members: object): ReturnType<typeof summarize> =>
  summarize(JSON.stringify({ ...segmentJson('web'), ...members }));

test.each([
  [{ fault: true, error: true, throttle: true }, 'throttle'],
  [{ error: true, throttle: true }, 'throttle'],
  [{ error: true }, 'error'],
  [{ in_progress: true, end_time: undefined }, 'live'],
  [{ in_progress: true, end_time: undefined, fault: true }, 'fault'],
  [{ http: { response: { status: 503 } } }, 'fault'],
  [{ fault: false }, 'ok'],
])('%j is %s', (members, outcome) => {
  expect(lineOf(members)?.outcome).toBe(outcome);
});

test('counts subsegments on every level', () => {
  expect(lineOf({ subsegments: [sub('a', { subsegments: [sub('b'), sub('c')] }), sub('d')] })?.subsegments).toBe(4);
});

test('every recorded document except None and OTLP has a name, a trace ID and a duration', () => {
  for (const { document } of DATAGRAMS) {
    const text = document.toString();
    if (text === 'None' || /^(T1|M1)/.test(text)) continue;
    const summary = summarize(text);
    expect(summary?.name).not.toBe('');
    expect(summary?.traceId).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    expect(summary?.durationMs).toBeGreaterThanOrEqual(0);
  }
});

test('any JSON results in a line or nothing, never an exception', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.record({
        start_time: fc.jsonValue(),
        end_time: fc.jsonValue(),
        name: fc.jsonValue(),
        http: fc.jsonValue(),
        subsegments: fc.jsonValue(),
      }),
      (text, object) => {
        for (const one of [text, JSON.stringify(object)]) {
          const summary = summarize(one);
          if (summary !== undefined) expect(formatLine(summary, 0, false)).toMatch(/^[^\n]*\n$/);
        }
      },
    ),
  );
});
