import * as xray from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER } from '../fakes/fixtures.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson } from '../fakes/traces.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();

test('rejects OTLP bodies over UDP and TCP, logs what to do, and counts every document once', async () => {
  const local = await LocalXRay.start('--log-format', 'json');
  scope.add(() => local.stop());
  const otlp = DATAGRAMS.map(({ document }) => document.toString()).filter((document) =>
    /^(T1S|T1U|M1)/.test(document),
  );
  expect(otlp.length).toBeGreaterThan(1);
  const segments = ['a', 'b', 'c'].map((name) => JSON.stringify(segmentJson(name)));
  await local.daemon.send(
    ...otlp.map((document) => HEADER + document),
    ...segments.map((document) => HEADER + document),
    `${HEADER}{}`,
    'rubbish',
  );
  const documents = [otlp[0]!, JSON.stringify(segmentJson('d')), 'None'];
  const { UnprocessedTraceSegments: refused } = await local.client.send(
    new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }),
  );
  expect(refused).toHaveLength(2);
  let metrics: Record<string, number> = {};
  await eventually(async () => {
    metrics = await local.daemon.metrics();
    const { received, here } = ledgerOf(metrics);
    return received === otlp.length + 3 + 2 + 3 && here === 0;
  });
  expect(metrics['xrayd_segments_rejected_total{reason="otlp"}']).toBe(otlp.length + 1);
  expect(metrics['xrayd_segments_rejected_total{reason="no_document"}']).toBe(1);
  expect(metrics['xrayd_segments_sent_total']).toBe(4);
  expect(ledgerOf(metrics)).toMatchObject({ unprocessed: 2, imbalance: 0 });
  const { TraceSummaries } = await local.client.send(new xray.GetTraceSummariesCommand(local.range));
  expect(TraceSummaries!.length).toBeLessThanOrEqual(4);
  expect(local.daemon.find(/OTLP spans were rejected: .*use an X-Ray SDK/)).toMatchObject({ level: 'warn' });
});
