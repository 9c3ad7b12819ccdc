import './browser-globals.ts';
import { tagged } from './tagged.ts';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { modelOf } from '../../ui/src/trace/model.ts';
import { formatLine } from '../../src/exporters/store/console-line.ts';
import { summarize } from '../../src/formats/xray/document.ts';
import { awsJson } from '../../src/json/aws-json.ts';
import { traceMembers } from '../../src/query/documents.ts';
import { findingsOf } from '../../src/query/findings.ts';
import { Graph } from '../../src/query/graph.ts';
import { rowOf } from '../../src/query/row.ts';
import { summaryOf } from '../../src/query/summary.ts';
import { documentFactsOf } from '../../src/formats/document-facts.ts';
import { readDocument } from '../../src/formats/xray/validate.ts';
import { requestOutcome } from '../../src/trace/outcome.ts';
import { isRefusal } from '../../src/trace/refusal.ts';
import { parseJson } from '../../src/json/exact-number.ts';
import { oddSegments } from '../fakes/odd-documents.ts';
import { segmentJson, START, viewOf, type Json } from '../fakes/traces.ts';

interface Seen {
  readonly name: string;
  readonly outcome: string;
  readonly status: number | undefined;
  /** Whole ms; undefined while it is open. */
  readonly ms: number | undefined;
}

interface Counts {
  readonly OkCount: number;
  readonly ErrorStatistics: { readonly ThrottleCount: number; readonly OtherCount: number };
  readonly FaultStatistics: { readonly TotalCount: number };
  readonly TotalResponseTime: number;
}

/** The root of a trace as a page shows it. */
function onPage(documents: readonly Json[]): Seen {
  const { roots } = modelOf(
    {
      id: 'x',
      revision: 1,
      received: START,
      bytes: 1,
      isPinned: false,
      isSampled: true,
      documents: tagged(documents),
    },
    START,
  );
  const { entity, outcome, name, isOpen, start, end } = roots[0]!;
  return { name, outcome, status: entity.httpStatus, ms: isOpen ? undefined : Math.round((end - start) * 1_000) };
}

/** The same segment as each part tells of it. */
function tellings(text: string): Record<string, Seen> {
  const document = parseJson(text) as Json;
  const view = viewOf(document);
  const line = summarize(text)!;
  const row = rowOf(view);
  const summary = JSON.parse(
    awsJson(summaryOf(view, { eventTime: undefined, service: undefined, edge: undefined })),
  ) as {
    HasFault: boolean;
    HasError: boolean;
    HasThrottle: boolean;
    ResponseTime: number | null;
    Http: { HttpStatus: number | null };
    EntryPoint: { Name: string };
  };
  const graph = new Graph();
  graph.add(view);
  const nodes = JSON.parse(awsJson([...graph.services(false)])) as {
    Root: boolean | null;
    Name: string;
    SummaryStatistics: Counts;
  }[];
  const node = nodes.find(({ Root }) => Root === true)!;
  const { Segments } = traceMembers(view) as { Segments: { Document: string }[] };
  const isOpen = line.durationMs === undefined;
  const named = requestOutcome({
    isFault: summary.HasFault,
    isError: summary.HasError,
    isThrottle: summary.HasThrottle,
  });
  const { OkCount, ErrorStatistics, FaultStatistics, TotalResponseTime } = node.SummaryStatistics;
  const counted = {
    ok: OkCount,
    error: ErrorStatistics.OtherCount,
    throttle: ErrorStatistics.ThrottleCount,
    fault: FaultStatistics.TotalCount,
  };
  const seconds = (value: number | null): number | undefined =>
    value === null || isOpen ? undefined : Math.round(value * 1_000);
  return {
    line: {
      name: line.name,
      outcome: line.outcome,
      status: line.httpStatus,
      ms: line.durationMs === undefined ? undefined : Math.round(line.durationMs),
    },
    row: {
      name: row.name,
      outcome: row.outcome,
      status: row.status ?? undefined,
      ms: seconds(view.root!.seconds ?? null),
    },
    summary: {
      name: summary.EntryPoint.Name,
      outcome: isOpen && named === 'ok' ? 'live' : named,
      status: line.httpStatus === undefined ? (summary.Http.HttpStatus ?? undefined) : line.httpStatus,
      ms: seconds(summary.ResponseTime),
    },
    page: onPage([document]),
    'page of BatchGetTraces': onPage([parseJson(Segments[0]!.Document) as Json]),
    // The graph counts what is complete.
    ...(isOpen
      ? {}
      : {
          graph: {
            name: node.Name,
            outcome: Object.entries(counted).find(([, count]) => count === 1)![0],
            status: line.httpStatus,
            ms: seconds(TotalResponseTime),
          },
        }),
  };
}

test.each<[string, Json, string]>([
  ['a status of 503 without a flag', { http: { response: { status: 503 } } }, 'fault'],
  ['a status of 429 with an error', { error: true, http: { response: { status: 429 } } }, 'throttle'],
  ['a throttle with a fault', { throttle: true, fault: true }, 'throttle'],
  ['a status that is a text', { http: { response: { status: '503' } } }, 'ok'],
  ['a fault in progress', { fault: true, in_progress: true, end_time: null }, 'fault'],
])('%s is the same to the console, the list, the page, the summary and the graph', (_, members, outcome) => {
  for (const [who, seen] of Object.entries(tellings(JSON.stringify({ ...segmentJson('web'), ...members }))))
    expect([who, seen.outcome]).toEqual([who, outcome]);
});

test('all readers agree on any segment, and none fails', () => {
  let told = 0;
  fc.assert(
    fc.property(oddSegments, (document) => {
      const text = JSON.stringify(document);
      const read = readDocument(text);
      if (isRefusal(read)) {
        expect(summarize(text)).toBeUndefined();
        return;
      }
      const view = viewOf(parseJson(text) as Json);
      expect(findingsOf(view, documentFactsOf(view.trace, [{ format: 'xray', body: text }]), [])).toBeInstanceOf(Array);
      expect(formatLine(summarize(text)!, 0, true)).toMatch(/\n$/);
      if (view.root === undefined || view.start === 0) return;
      const { line, ...others } = tellings(text);
      for (const [who, seen] of Object.entries(others)) expect({ who, ...seen }).toEqual({ who, ...line });
      told++;
    }),
    // A segment that lasts longer than a double can count in ms.
    { numRuns: 2_000, examples: [[{ ...segmentJson('web'), end_time: 1.797693134862316e305 }]] },
  );
  expect(told).toBeGreaterThan(500);
});
