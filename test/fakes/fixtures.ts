import { readFileSync } from 'node:fs';

function lines<T>(name: string): T[] {
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as T); // prettier-ignore
}

export const HEADER = '{"format":"json","version":1}\n';

/** Datagrams recorded from real SDKs; see test/fixtures/README.md. */
export const DATAGRAMS = lines<{ client: string; scenario: string; payload_base64: string }>('datagrams.ndjson').map(
  (line) => {
    const datagram = Buffer.from(line.payload_base64, 'base64');
    return {
      client: line.client,
      scenario: line.scenario,
      datagram,
      document: datagram.subarray(datagram.indexOf('\n') + 1),
    };
  },
);

/** HTTP requests to TCP 2000 recorded from real SDKs. */
export const SAMPLING_REQUESTS = lines<{ client: string; path: string; request_base64: string }>(
  'sampling-requests.ndjson',
).map((line) => ({
  client: line.client,
  path: line.path,
  request: Buffer.from(line.request_base64, 'base64'),
}));

/** Calls of the reference daemon to X-Ray. */
export const REFERENCE_REQUESTS = lines<{ client: string; path: string; headers: [string, string][]; body: string }>(
  'go-daemon-upstream.ndjson',
);

/** Requests of the AWS CLI to an X-Ray endpoint. */
export const CLI_REQUESTS = lines<{ path: string; headers: Record<string, string>; body: string }>('aws-cli.ndjson');

interface RecordedBytes {
  readonly text?: string;
  readonly base64?: string;
}

function bytesOf(recorded: RecordedBytes): Buffer {
  return recorded.base64 === undefined
    ? Buffer.from(recorded.text ?? '', 'latin1')
    : Buffer.from(recorded.base64, 'base64');
}

function upstreamRequest(recorded: RecordedBytes): { method: string; target: string; body: Buffer } {
  const bytes = bytesOf(recorded);
  const end = bytes.indexOf('\r\n\r\n');
  const [method = '', target = ''] = bytes.toString('latin1', 0, end).split(' ');
  const isChunked = /^transfer-encoding: chunked/im.test(bytes.toString('latin1', 0, end));
  const body = bytes.subarray(end + 4);
  return {
    method,
    target,
    body: isChunked
      ? Buffer.from(/^[0-9a-f]+\r\n(.*)\r\n0\r\n\r\n$/s.exec(body.toString('latin1'))?.[1] ?? '', 'latin1')
      : body,
  };
}

/**
 * Exchanges of the reference daemon's proxy: the client's bytes, the upstream request and its answer, and the answer to
 * the client.
 */
export const PROXY_CASES = lines<{
  case: string;
  request?: RecordedBytes;
  upstream?: RecordedBytes[];
  upstream_reply?: string;
  response: RecordedBytes;
}>('go-daemon-proxy.ndjson')
  .filter((line) => line.request !== undefined)
  .map((line) => ({
    name: line.case,
    request: bytesOf(line.request!),
    upstream: (line.upstream ?? []).map(upstreamRequest),
    upstreamReply: line.upstream_reply,
    response: bytesOf(line.response).toString('latin1'),
  }));

/** A segment document that X-Ray accepts. */
export function segment(name: string, more: Readonly<Record<string, unknown>> = {}): string {
  const id = Buffer.from(name).toString('hex').padEnd(16, '0').slice(0, 16);
  const start = Math.floor(Date.now() / 1000);
  const traceId = `1-${start.toString(16)}-${id}${'0'.repeat(8)}`;
  return JSON.stringify({ id, trace_id: traceId, name, start_time: start, end_time: start + 0.25, ...more });
}
