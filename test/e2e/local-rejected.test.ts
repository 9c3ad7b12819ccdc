import * as xray from '@aws-sdk/client-xray';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER } from '../fakes/fixtures.ts';
import { LocalXRay } from '../fakes/local-xray.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson } from '../fakes/traces.ts';
import { ledgerOf } from '../faults/ledger.ts';

const scope = new Scope();

test('stores the spans of OTLP bodies over UDP and TCP, rejects the other bodies, and counts every document once', async () => {
  const local = await LocalXRay.start('--log-format', 'json');
  scope.add(() => local.stop());
  const recorded = DATAGRAMS.map(({ document }) => document.toString());
  const sampled = recorded.filter((document) => document.startsWith('T1S'));
  expect(sampled.length).toBeGreaterThan(0);
  const spans = [...sampled, sampled[0]!.replace('T1S', 'T1U')];
  const others = ['M1Cgk=', 'T1Sgarbage', 'T1Ugarbage'];
  const segments = ['a', 'b', 'c'].map((name) => JSON.stringify(segmentJson(name)));
  await local.daemon.send(
    ...[...spans, ...others].map((document) => HEADER + document),
    ...segments.map((document) => HEADER + document),
    `${HEADER}{}`,
    'rubbish',
  );
  const documents = [others[0]!, JSON.stringify(segmentJson('d')), 'None'];
  const { UnprocessedTraceSegments: refused } = await local.client.send(
    new xray.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }),
  );
  expect(refused).toHaveLength(2);
  let metrics: Record<string, number> = {};
  await eventually(async () => {
    metrics = await local.daemon.metrics();
    const { received, here } = ledgerOf(metrics);
    return received === spans.length + others.length + 3 + 2 + 3 && here === 0;
  });
  expect(metrics['xrayd_segments_rejected_total{reason="otlp"}']).toBe(others.length + 1);
  expect(metrics['xrayd_segments_rejected_total{reason="no_document"}']).toBe(1);
  expect(metrics['xrayd_segments_sent_total']).toBe(4 + spans.length);
  expect(ledgerOf(metrics)).toMatchObject({ unprocessed: 2, imbalance: 0 });
  const { TraceSummaries } = await local.client.send(new xray.GetTraceSummariesCommand(local.range));
  expect(TraceSummaries!.length).toBeLessThanOrEqual(4);
  expect(local.daemon.find(/OTLP bodies were rejected: .*keeps spans/)).toMatchObject({ level: 'warn' });
});
