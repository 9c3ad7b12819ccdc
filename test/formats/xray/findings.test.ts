import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentFactsOf, documentFindings } from '../../../src/formats/document-facts.ts';
import { readDocument } from '../../../src/formats/xray/validate.ts';
import type { Finding } from '../../../src/trace/model.ts';
import { isRefusal } from '../../../src/trace/refusal.ts';
import type { TraceView } from '../../../src/trace/trace-view.ts';
import { findingsOf } from '../../../src/query/findings.ts';
import { traceMembers } from '../../../src/query/documents.ts';
import { summaryOf } from '../../../src/query/summary.ts';
import { parseJson } from '../../../src/json/exact-number.ts';
import type { Json } from '../../../src/json/json.ts';
import { DATAGRAMS } from '../../fakes/fixtures.ts';
import { membersOf, withMember } from '../../fakes/odd-documents.ts';
import { plain, segmentJson, START, sub, viewOf } from '../../fakes/traces.ts';

const findings = (...documents: readonly Json[]): [code: string, message: string][] =>
  documentFindings(viewOf(...documents).trace).map(({ code, message }) => [code, message]);

const allFindings = (view: TraceView): Finding[] => findingsOf(view, documentFactsOf(view.trace, []), []);

test.each<[string, Json, string, string]>([
  [
    'inferred: true',
    { inferred: true },
    'reserved_member',
    'it has the member `inferred`, which is reserved for segments that X-Ray adds: the member is ignored',
  ],
  [
    'null inside http',
    { http: { request: { method: null } } },
    'null_member',
    'http.request.method is null: X-Ray treats it as absent',
  ],
  ['null as user', { user: null }, 'null_member', 'user is null: X-Ray treats it as absent'],
  [
    'status: "503"',
    { http: { response: { status: '503' } } },
    'wrong_type',
    'http.response.status is the text "503", but X-Ray expects a whole number: it is ignored',
  ],
  ...[503.5, 1e20, -1e10].map((status): [string, Json, string, string] => [
    `status: ${status}`,
    { http: { response: { status } } },
    'wrong_type',
    `http.response.status is the number ${status}, but X-Ray expects a whole number: it is ignored`,
  ]),
  ['fault: 1', { fault: 1 }, 'wrong_type', 'fault is the number 1, but X-Ray expects a boolean: it is ignored'],
  [
    'subsegments: {}',
    { subsegments: {} },
    'wrong_type',
    'subsegments is an object, but X-Ray expects a list: it is ignored',
  ],
  [
    'times in ms',
    { start_time: START * 1_000, end_time: START * 1_000 + 5 },
    'time_unit',
    'its times are not seconds since the epoch: they look like milliseconds or smaller units',
  ],
  ['a start of 0', { start_time: 0 }, 'time_unit', 'it starts before 1970: its start is ignored'],
  [
    'a negative duration',
    { end_time: START - 0.25 },
    'negative_duration',
    'it ends 250 ms before it starts: its duration counts as 0',
  ],
])('%s is a finding', (_, members, code, message) => {
  const document = { ...segmentJson('web'), ...members };
  expect(isRefusal(readDocument(JSON.stringify(document)))).toBe(false);
  expect(findings(document)).toEqual([[code, message]]);
});

test('namespace "AWS" of a subsegment is a finding, local is not', () => {
  const [finding, ...others] = findings(
    segmentJson('web', { subsegments: [sub('S3', { namespace: 'AWS' }), sub('step', { namespace: 'local' })] }),
  );
  expect(others).toEqual([]);
  expect(finding).toEqual([
    'unknown_namespace',
    'its namespace is "AWS"; X-Ray only knows aws and remote, in lower case, and does not treat it as a call',
  ]);
});

test('a wrong type in any member of a document is a finding that names the member, or the document is refused', () => {
  let found = 0;
  for (const { path } of membersOf()) {
    const name = path
      .map((step) => (step === 0 ? '[0]' : `.${step}`))
      .join('')
      .slice(1);
    for (const value of [null, true, 7, '7', {}, []]) {
      const document = withMember(segmentJson('web'), path, value);
      if (isRefusal(readDocument(JSON.stringify(document)))) continue;
      for (const [, message] of findings(document)) {
        if (/^(its|it) /.test(message)) continue;
        expect(message.startsWith(`${name} is `), `${name} as ${JSON.stringify(value)}: ${message}`).toBe(true);
        found++;
      }
    }
  }
  expect(found).toBeGreaterThan(200);
});

test('truncates what one segment contains, and limits its findings', () => {
  const annotations = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${'ä'.repeat(5_000)}${i}`, i]));
  const subsegments = Array.from({ length: 400 }, () => sub('s', { user: 7, origin: ['x'.repeat(5_000)] }));
  const all = allFindings(viewOf(segmentJson('web', { annotations, subsegments })));
  expect(all.length).toBeLessThan(700);
  for (const { message } of all) expect(message.length).toBeLessThan(300);
});

test('nothing that SDKs write is a finding of this kind', () => {
  const ofForm = new Set([
    'wrong_type',
    'null_member',
    'reserved_member',
    'unknown_namespace',
    'time_unit',
    'negative_duration',
    'annotation_not_indexed',
  ]);
  let documents = 0;
  for (const { document, client } of DATAGRAMS) {
    if (isRefusal(readDocument(document.toString()))) continue;
    documents++;
    const found = allFindings(viewOf(parseJson(document.toString()) as Json)).filter(({ code }) => ofForm.has(code));
    expect(found, `${client} ${document.toString().slice(0, 200)}`).toEqual([]);
  }
  expect(documents).toBeGreaterThan(80);
});

test.each(['lambda-links.json', 'step-functions.json'])('%s, which AWS’s services write, has no finding', (file) => {
  const { Traces } = JSON.parse(readFileSync(new URL(`../../fixtures/${file}`, import.meta.url), 'utf8')) as {
    Traces: { Segments: { Document: string }[] }[];
  };
  for (const { Segments } of Traces) {
    const documents = Segments.map(({ Document }) => JSON.parse(Document) as Json).filter(
      ({ inferred }) => inferred !== true,
    );
    expect(allFindings(viewOf(...documents))).toEqual([]);
  }
});

test('annotations of AWS’s services count as indexed, other keys with colons and hyphens do not', () => {
  const keys = [
    'aws:api_id',
    'aws:api_stage',
    'aws:canary_run_id',
    'aws.local.operation',
    'my.key',
    'a_1',
    'user:id',
    'x-y',
    'a b',
    '',
  ];
  const annotations = Object.fromEntries(keys.map((key) => [key, 1]));
  const found = allFindings(viewOf(segmentJson('web', { annotations })));
  expect(found.map(({ message }) => /^annotation "(.*)":/.exec(message)?.[1])).toEqual(['user:id', 'x-y', 'a b', '']);
});

test('more links than X-Ray accepts are a finding', () => {
  const link = (i: number): object => ({
    trace_id: `1-6ab3b400-${String(i).padStart(24, '0')}`,
    id: '1111111111111111',
  });
  const linked = (count: number): Json =>
    segmentJson('web', {
      subsegments: [sub('Invocation', { links: Array.from({ length: count }, (_, i) => link(i)) })],
    });
  const messages = (...documents: Json[]): string[] => allFindings(viewOf(...documents)).map(({ message }) => message);
  expect(messages(linked(20), linked(20))).toEqual([]);
  expect(messages(linked(21))).toEqual(['the segment has 21 links to other traces; X-Ray accepts 20']);
  expect(messages(...Array.from({ length: 6 }, () => linked(20)))).toEqual([
    'the trace has 120 links to other traces; X-Ray accepts 100',
  ]);
});

test('returns a start in ms as the last time that boto3 can read', () => {
  const view = viewOf({ ...segmentJson('web'), start_time: START * 1_000, end_time: START * 1_000 + 2 });
  const summary = plain(summaryOf(view, { eventTime: undefined, service: undefined, edge: undefined })) as {
    StartTime: number;
  };
  expect(new Date(summary.StartTime * 1_000).getUTCFullYear()).toBe(9999);
});

test('a duration is never negative, and a user’s `inferred` is never returned', () => {
  const view = viewOf({ ...segmentJson('web', { inferred: true }), end_time: START - 5 });
  expect(plain(summaryOf(view, { eventTime: undefined, service: undefined, edge: undefined }))).toMatchObject({
    Duration: 0,
    ResponseTime: 0,
  });
  expect(JSON.stringify(traceMembers(view))).not.toContain('inferred');
});
