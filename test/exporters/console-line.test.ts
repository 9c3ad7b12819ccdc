import { expect, test } from 'vitest';
import { formatLine } from '../../src/exporters/store/console-line.ts';
import { summarize } from '../../src/formats/xray/document.ts';

test.each([
  [0.25, '250 ms'],
  [12.34, '12.3 s'],
  [0.000608, '608 µs'],
])('the line of a segment of %s s says %s, as the page does', (seconds, text) => {
  const segment = { name: 'shop', id: '1'.repeat(16), trace_id: `1-00000001-${'0'.repeat(24)}`, start_time: 1 };
  const summary = summarize(JSON.stringify({ ...segment, end_time: 1 + seconds }));
  expect(summary).toBeDefined();
  if (summary !== undefined) expect(formatLine(summary, 0, false)).toContain(` ${text}\n`);
});
