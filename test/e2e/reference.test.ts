import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DaemonProcess } from '../fakes/daemon-process.ts';
import { variants } from '../fakes/datagrams.ts';
import { eventually } from '../fakes/eventually.ts';
import { DATAGRAMS, HEADER, segment } from '../fakes/fixtures.ts';
import { ACCEPTED, REJECTED } from '../fakes/header-cases.ts';
import { mutated, Random } from '../fakes/random.ts';
import { rawRequest } from '../fakes/raw-http.ts';
import { Scope } from '../fakes/scope.ts';
import { freePort } from '../../src/compose/free-port.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { PROGRAM } from '../fakes/program.ts';

const scope = new Scope();
const reference = process.env['XRAY_REFERENCE_DAEMON'];
const reason =
  reference === undefined ? ' (skipped: XRAY_REFERENCE_DAEMON does not name the binary of aws-xray-daemon)' : '';
const env = {
  ...EXAMPLE_KEYS,
  AWS_REGION: 'us-east-1',
};

interface Run {
  /** What X-Ray was given, in any order. */
  readonly documents: string[];
  readonly paths: string[];
  /**
   * Names of the headers of PutTraceSegments, without the call path, which only hosts other than AWS's get; and which
   * of them are signed.
   */
  readonly headers: string[];
  readonly signed: string | undefined;
  /** The answer to each of CALLS. */
  readonly answers: { status: number; body: unknown }[];
}

/** `row` is the first cell of the row of docs/compatibility.md where xrayd answers otherwise. */
interface Call {
  readonly method?: string;
  readonly target: string;
  readonly headers?: string;
  readonly body: string;
  readonly row?: string;
}

const TARGETS = JSON.stringify({
  SamplingStatisticsDocuments: [
    {
      RuleName: 'Default',
      ClientID: '0123456789abcdef01234567',
      Timestamp: 1_764_000_000,
      RequestCount: 1,
      SampledCount: 1,
      BorrowCount: 0,
    },
  ],
});
const CALLS: readonly Call[] = [
  { target: '/GetSamplingRules', body: '{}' },
  { target: '/GetSamplingRules', body: '' },
  { target: '/GetSamplingRules', body: '{"NextToken":null}' },
  { target: '/GetSamplingRules', body: ' {} ' },
  { target: '/GetSamplingRules', headers: 'Content-Type: application/x-amz-json-1.1\r\n', body: '{}' },
  { target: '/GetSamplingRules', headers: 'Connection: close\r\n', body: '{}' },
  { target: '/SamplingTargets', body: TARGETS },
  { target: '/SamplingTargets', headers: 'Content-Type: application/json\r\n', body: TARGETS },
  { target: '/SamplingTargets', body: '{"SamplingStatisticsDocuments":[]}' },
  { target: '/Traces', body: '{}', row: 'TCP 2000' },
  { target: '/', body: '', row: 'TCP 2000' },
  { method: 'GET', target: '/GetSamplingRules', body: '', row: 'TCP 2000' },
  {
    target: '/GetSamplingRules',
    headers: 'Origin: https://page.example\r\n',
    body: '{}',
    row: 'Web pages on TCP (a foreign `Origin` or `Sec-Fetch-Site`)',
  },
];

async function ask(
  url: string,
  { method = 'POST', target, headers = '', body }: Call,
): Promise<{ status: number; body: unknown }> {
  const answer = await rawRequest(
    url,
    `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    true,
  );
  try {
    return { status: answer.status, body: JSON.parse(answer.body.replace(/("ReservoirQuotaTTL"):\d+/g, '$1:0')) };
  } catch {
    return { status: answer.status, body: answer.body };
  }
}

/**
 * Runs a daemon with the reference's own flags and file, and sends it the datagrams; the last one is known to be
 * forwarded.
 */
async function run(command: readonly string[], datagrams: readonly Buffer[]): Promise<Run> {
  const xray = await scope.start(new FakeXRay());
  const documents: string[] = [];
  xray.intercept = ({ target, body }) => {
    if (target === '/TraceSegments')
      documents.push(...(JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] }).TraceSegmentDocuments);
    return undefined;
  };
  const port = await freePort();
  const file = join(scope.folder(), 'cfg.yaml');
  writeFileSync(file, `Endpoint: "${xray.url}"\nVersion: 2\n`);
  const args = ['-o', '-n', 'us-east-1', '-b', `127.0.0.1:${port}`, '-t', `127.0.0.1:${port}`, '-c', file, '-m', '64'];
  const daemon = new DaemonProcess({ command, args, env: { ...env, XRAYD_HTTP_ADDRESS: 'off' }, hasFreePorts: false });
  scope.add(() => daemon.stop('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await eventually(() => fetch(`${url}/GetSamplingRules`, { method: 'POST', body: '{}' }).then((answer) => answer.ok, () => false)); // prettier-ignore
  const socket = createSocket('udp4');
  // Either port may be bound before the other.
  const first = segment('first');
  await eventually(() => {
    socket.send(HEADER + first, port, '127.0.0.1');
    return documents.includes(first);
  });
  // Slowly: the reference does not enlarge its socket buffer.
  for (const [i, datagram] of datagrams.entries()) {
    await new Promise<void>((done, fail) =>
      socket.send(datagram, port, '127.0.0.1', (error) => (error ? fail(error) : done())),
    );
    if (i % 20 === 0) await new Promise((next) => setTimeout(next, 20));
  }
  const last = segment('last');
  await new Promise((next) => setTimeout(next, 1_500));
  socket.send(HEADER + last, port, '127.0.0.1');
  await eventually(() => documents.includes(last));
  socket.close();
  const answers: Run['answers'] = [];
  for (const call of CALLS) answers.push(await ask(url, call));
  await daemon.stop();
  const { headers } = xray.calls('/TraceSegments')[0]!;
  return {
    documents: documents.filter((document) => document !== last && document !== first).toSorted(),
    // What other paths were forwarded is a listed difference.
    paths: [...new Set(xray.requests.map(({ target }) => target))]
      .filter(
        (target) =>
          !CALLS.some(
            (call) =>
              call.row !== undefined && call.target === target && call.method !== 'GET' && call.headers === undefined,
          ),
      )
      .toSorted(),
    headers: Object.keys(headers).filter((name) => !['accept-encoding', 'connection', 'xrayd-call-path'].includes(name)).toSorted(), // prettier-ignore
    signed: /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1],
    answers,
  };
}

test.skipIf(reference === undefined)(
  `forwards the same datagrams as the reference daemon, with the same documents, paths, headers and refusals${reason}`,
  async () => {
    const random = new Random(Number(process.env['XRAYD_TEST_SEED'] ?? 20_261_123));
    const datagrams = [
      ...DATAGRAMS.map(({ datagram }) => datagram),
      ...variants(),
      ...[...ACCEPTED, ...REJECTED].map(([, datagram]) => Buffer.from(datagram)),
      ...Array.from({ length: 1_000 }, () => mutated(random.pick(DATAGRAMS).datagram, random)),
    ];
    const theirs = await run([reference!], datagrams);
    const ours = await run(PROGRAM, datagrams);
    // Counted, not listed: two runs with a difference would print everything.
    const difference = (one: string[], other: string[]): string[] =>
      one.filter((document) => !other.includes(document)).map((document) => document.slice(0, 200));
    expect(difference(theirs.documents, ours.documents).slice(0, 5)).toEqual([]);
    expect(difference(ours.documents, theirs.documents).slice(0, 5)).toEqual([]);
    expect(ours.documents.length).toBe(theirs.documents.length);
    expect(ours.paths).toEqual(theirs.paths);
    expect(ours.headers).toEqual(theirs.headers);
    expect(ours.signed).toBe(theirs.signed);
    const listed = readFileSync('docs/compatibility.md', 'utf8');
    for (const [i, { row, ...call }] of CALLS.entries()) {
      if (row === undefined) expect([call, ours.answers[i]]).toEqual([call, theirs.answers[i]]);
      else expect([row, listed.includes(`\n| ${row} |`)]).toEqual([row, true]);
    }
  },
  180_000,
);
