import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';

const run = promisify(execFile);

/** What the tests read of a segment that a program of otel-* has sent. */
export interface SentSegment {
  readonly id: string;
  readonly name: string;
  readonly parent_id?: string;
  readonly type?: string;
  readonly fault?: boolean;
  readonly http?: { readonly response?: { readonly status?: number } };
  readonly cause?: {
    readonly exceptions?: readonly { readonly message: string; readonly stack?: readonly unknown[] }[];
  };
  readonly links?: readonly unknown[];
  readonly sql?: { readonly sanitized_query?: string };
  readonly subsegments?: readonly SentSegment[];
  readonly metadata?: { readonly default?: Record<string, unknown> };
}

/** Where a daemon or a local X-Ray receives OTLP. */
export async function endpointOf(daemon: DaemonProcess, protocol: string, scheme = 'http'): Promise<string> {
  const pattern = protocol === 'grpc' ? /receiving OTLP over gRPC/ : /receiving OTLP over HTTP/;
  await eventually(() => daemon.find(pattern) !== undefined);
  return `${scheme}://${String(daemon.find(pattern)!['address'])}`;
}

export interface Sending {
  readonly command: readonly string[];
  readonly protocol: string;
  readonly endpoint: string;
  /** `gzip`. */
  readonly options?: readonly string[];
  /** A file with the authority of an https endpoint. */
  readonly authority?: string;
}

/** The ID of the trace that a program has sent, in X-Ray's form. Java's agent reads only variables. */
export async function sent({ command, protocol, endpoint, options = [], authority }: Sending): Promise<string> {
  const variables = {
    OTEL_SERVICE_NAME: 'otel-shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol === 'grpc' ? 'grpc' : 'http/protobuf',
    OTEL_EXPORTER_OTLP_COMPRESSION: options.includes('gzip') ? 'gzip' : 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  };
  // requests for Python prefers its own variables.
  const trusted =
    authority === undefined ? {} : { OTEL_EXPORTER_OTLP_CERTIFICATE: authority, REQUESTS_CA_BUNDLE: authority };
  const env = { ...process.env, ...trusted, ...(command[0] === 'java' ? variables : {}) };
  const { stdout } = await run(command[0]!, [...command.slice(1), protocol, endpoint, ...options], {
    timeout: 60_000,
    env,
  });
  const [id = '', end] = stdout.trim().split('\n');
  expect(end, stdout).toBe('flushed');
  return `1-${id.slice(0, 8)}-${id.slice(8)}`;
}

/** The one segment of the trace that the programs send. */
export function rootOf(segments: readonly SentSegment[]): SentSegment {
  return segments.find(({ type }) => type !== 'subsegment')!;
}

/** Expects what the programs send: a request that fails, with an event, an exception, a link and a query. */
export function checkSent(segments: readonly SentSegment[]): void {
  const root = rootOf(segments);
  expect(root).toMatchObject({ name: 'otel-shop', fault: true, http: { response: { status: 500 } } });
  const [exception] = root.cause!.exceptions!;
  expect(exception!.message).toBe('card declined');
  expect(exception!.stack!.length).toBeGreaterThan(0);
  expect(root.links).toHaveLength(1);
  expect(root.metadata!.default!['otel.span.name']).toBe('POST /orders/:id');
  expect(JSON.stringify(root.metadata!.default!['otel.events'])).toContain('cart loaded');
  // X-Ray returns subsegments inside their segment.
  const calls = [...segments.filter(({ parent_id: id }) => id === root.id), ...(root.subsegments ?? [])];
  expect(calls.map(({ sql }) => sql?.sanitized_query)).toEqual(['SELECT 1']);
}
