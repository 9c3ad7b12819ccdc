import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { LocalXRay } from '../fakes/local-xray.ts';
import { sharedLocal } from '../fakes/shared-local.ts';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';
import { segmentJson } from '../fakes/traces.ts';
import { EXAMPLE_KEYS, FakeXRay } from '../fakes/xray.ts';
import { xraydHere } from '../fakes/command.ts';
import { xrayd } from '../fakes/program.ts';

const scope = new Scope();

const local = await sharedLocal();
const other = await sharedLocal();

test('export writes the matches, and another local X-Ray answers the same after import', async () => {
  const id = await local.putTrace({ fault: true });
  await local.putTrace();
  const exported = await xrayd(['export', '--api', local.api, '--filter', 'fault']);
  expect(exported).toMatchObject({ code: 0, stderr: 'exported 1 trace\n' });
  const { Traces } = JSON.parse(exported.stdout) as { Traces: { Id: string; Segments: { Document: string }[] }[] };
  expect(Traces.map(({ Id, Segments }) => [Id, Segments.length])).toEqual([[id, 3]]);

  const imported = await xrayd(['import', '--api', other.api], { input: exported.stdout });
  expect(imported).toMatchObject({ code: 0, stderr: 'imported 1 trace: 2 documents stored, 0 refused\n' });
  const again = await xrayd(['export', '--api', other.api, '--trace-id', id]);
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(exported.stdout));
  expect((await other.daemon.metrics())['xrayd_segments_received_total']).toBe(0);
});

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

interface GraphNode {
  readonly ReferenceId: number;
  readonly Name: string;
  readonly Type: string | null;
  readonly Edges: {
    ReferenceId: number;
    EdgeType?: string;
    ReceivedEventAgeHistogram?: { Value: number; Count: number }[];
  }[];
}

/** Asynchronous links of a graph, as from → to. */
const linksIn = (nodes: readonly GraphNode[]): string[] =>
  nodes.flatMap(({ Name, Type, Edges }) =>
    Edges.filter(({ EdgeType }) => EdgeType === 'link').map((edge) => {
      const to = nodes.find(({ ReferenceId }) => ReferenceId === edge.ReferenceId)!;
      return `${Type} ${Name} → ${to.Type} ${to.Name} after ${edge.ReceivedEventAgeHistogram!.map(({ Value }) => Value).join()} s`;
    }),
  );

test('imports traces as AWS returns them: Lambda’s links start at the queue, in either trace and in both', async () => {
  const imported = await xraydHere([
    'import',
    '--api',
    local.api,
    fixture('lambda-links.json'),
    fixture('step-functions.json'),
  ]);
  expect(imported.stderr).toBe(
    'imported 2 traces: 4 documents stored, 0 refused\nimported 1 trace: 2 documents stored, 0 refused\n',
  );
  const post = async (path: string, body: object): Promise<{ Services: GraphNode[] }> =>
    (await (await fetch(local.daemon.tcpUrl + path, { method: 'POST', body: JSON.stringify(body) })).json()) as {
      Services: GraphNode[];
    };
  const [producer, consumer, machine] = [
    '1-6ab3b400-0123456789abcdef01234567',
    '1-6ab3b404-89abcdef0123456701234567',
    '1-6ab3b408-fedcba9876543210fedcba98',
  ];
  const queue = 'AWS::SQS::Queue https://sqs.us-west-2.amazonaws.com/123456789012/work';
  const toLambda = `${queue} → AWS::Lambda consumer after 1 s`;
  const toFunction = `${queue} → AWS::Lambda::Function consumer after 1.55 s`;
  expect(linksIn((await post('/TraceGraph', { TraceIds: [producer] })).Services)).toEqual([toLambda]);
  expect(linksIn((await post('/TraceGraph', { TraceIds: [consumer] })).Services)).toEqual([toFunction]);
  const whole = await post('/ServiceGraph', { StartTime: local.now - 60, EndTime: Date.now() / 1000 + 60 });
  expect(linksIn(whole.Services).sort()).toEqual([toLambda, toFunction].sort());
  const machines = (await post('/TraceGraph', { TraceIds: [machine] })).Services;
  expect(machines.map(({ Name, Type }) => `${Type} ${Name}`)).toEqual([
    'AWS::Lambda Lambda',
    'AWS::StepFunctions::StateMachine inner',
    'AWS::StepFunctions::StateMachine outer',
    'client outer',
  ]);
  // What X-Ray infers is inferred again.
  const exported = await xraydHere(['export', '--api', local.api, '--trace-id', [producer, machine].join(',')]);
  const { Traces } = JSON.parse(exported.stdout) as { Traces: { Segments: { Document: string }[] }[] };
  expect(
    Traces.map(({ Segments }) =>
      Segments.map(({ Document }) => (JSON.parse(Document) as { inferred?: boolean }).inferred === true),
    ),
  ).toEqual([
    [false, false, true],
    [false, false, true],
  ]);
});

test('a link leads to the service that it names if the other trace is missing', async () => {
  const { Traces } = JSON.parse(readFileSync(fixture('lambda-links.json'), 'utf8')) as { Traces: { Id: string }[] };
  const file = join(scope.folder(), 'producer.json');
  writeFileSync(file, JSON.stringify(Traces.slice(0, 1)));
  await xraydHere(['import', '--api', local.api, file]);
  const body = JSON.stringify({ TraceIds: [Traces[0]!.Id] });
  const answer = (await (await fetch(`${local.daemon.tcpUrl}/TraceGraph`, { method: 'POST', body })).json()) as {
    Services: GraphNode[];
  };
  expect(linksIn(answer.Services)).toEqual([
    'AWS::SQS::Queue https://sqs.us-west-2.amazonaws.com/123456789012/work → AWS::Lambda consumer after 1 s',
  ]);
});

test('lists, exports and imports a segment marked as inferred, and one with times in ms', async () => {
  const documents = [
    {
      ...segmentJson('mine', { trace_id: local.nextTraceId(), inferred: true }),
      start_time: local.now,
      end_time: local.now + 1,
    },
    {
      ...segmentJson('ms', { trace_id: local.nextTraceId() }),
      start_time: local.now * 1000,
      end_time: local.now * 1000 + 5,
    },
  ];
  const file = join(scope.folder(), 'odd.ndjson');
  writeFileSync(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  expect(await xraydHere(['import', '--api', local.api, file])).toMatchObject({ code: 0 });
  const { rows } = (await (await fetch(`${local.daemon.tcpUrl}/api/traces`)).json()) as { rows: { name: string }[] };
  expect(rows.map(({ name }) => name).sort()).toEqual(['mine', 'ms']);
  const exported = await xraydHere(['export', '--api', local.api]);
  expect(exported.stderr).toBe('exported 2 traces\n');
  writeFileSync(file, exported.stdout);
  const again = await xraydHere(['import', '--api', other.api, file]);
  expect(again.stderr).toBe('imported 2 traces: 2 documents stored, 0 refused\n');
});

test('export and import say which traces have only subsegments whose segment never arrived', async () => {
  const times = { start_time: local.now, end_time: local.now + 1 };
  const orphan = { type: 'subsegment', parent_id: '1234567890abcdef' };
  const file = join(scope.folder(), 'traces.ndjson');
  const documents = [
    { ...segmentJson('whole', { trace_id: local.nextTraceId() }), ...times },
    { ...segmentJson('orphan', { trace_id: local.nextTraceId() }), ...times, ...orphan },
  ];
  writeFileSync(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  expect(await xraydHere(['import', '--api', local.api, file])).toMatchObject({ code: 0 });
  const exported = await xraydHere(['export', '--api', local.api]);
  expect(exported.stderr).toMatch(/^exported 2 traces\nxrayd: 1 trace without segments: X-Ray does not return/);
  writeFileSync(file, exported.stdout);
  expect((await xraydHere(['import', '--api', other.api, file])).stderr).toBe(
    'imported 2 traces: 1 document stored, 0 refused\n  1 trace without segments: nothing to store\n',
  );
});

test('import names the documents that X-Ray would refuse, and stores the others', async () => {
  const file = join(scope.folder(), 'traces.ndjson');
  writeFileSync(
    file,
    `${JSON.stringify(segmentJson('good'))}\n${JSON.stringify({ ...segmentJson('bad'), id: 'x' })}\n`,
  );
  const { code, stderr } = await xraydHere(['import', '--api', local.api, file]);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `imported 1 trace: 1 document stored, 1 refused\n  refused x of ${file}: InvalidId: Invalid segment. ErrorCode: InvalidId\n`,
  );
});

test('import names a document that is too large, and stores the others', async () => {
  const file = join(scope.folder(), 'traces.ndjson');
  const traceId = local.nextTraceId();
  const large = { ...segmentJson('large', { trace_id: traceId }), metadata: { text: 'x'.repeat(6_000_000) } };
  const documents = [segmentJson('before'), large, segmentJson('after')];
  writeFileSync(file, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
  const { code, stderr } = await xraydHere(['import', '--api', local.api, file]);
  expect(stderr).toMatch(/^imported \d traces: 2 documents stored, 1 refused\n/);
  expect(stderr).toMatch(
    /refused a document of \/.*traces\.ndjson: RequestEntityTooLargeException: A document of trace \S+ has 6000\d+ bytes/,
  );
  expect(stderr).toContain(traceId);
  expect(code).toBe(1);
});

test.each<[args: string[], problem: RegExp]>([
  [
    ['export', '--api', '127.0.0.1:9'],
    /no local X-Ray answers at http:\/\/127.0.0.1:9: .*Start one with `xrayd local`/,
  ],
  [['import', '/nonexistent/traces.json'], /cannot import \/nonexistent\/traces.json: it does not exist$/m],
  [['run'], /run needs a command: xrayd run -- npm test/],
  [['run', '--fail-on', 'slow', '--', 'true'], /--fail-on takes fault, error, throttle, no-traces, not "slow"/],
])('%j explains what is wrong and what to do', async (args, problem) => {
  const { code, stderr } = await xraydHere(args);
  expect(stderr).toMatch(problem);
  expect(code).toBeGreaterThan(0);
});

test('run exits as a shell does if the program does not exist or cannot be executed', async () => {
  const { code, stderr } = await xrayd(['run', '--', '/nonexistent/program']);
  expect(stderr).toMatch(/cannot run \/nonexistent\/program: there is no such program/);
  expect(code).toBe(127);
  const denied = await xraydHere(['run', '--', '/']);
  expect(denied.stderr).toMatch(/cannot run \/: .*EACCES/);
  expect(denied.code).toBe(126);
});

test('export --wait waits for the first trace, and fails when none comes', async () => {
  const waiting = xraydHere(['export', '--api', local.api, '--filter', 'service("web")', '--wait', '20']);
  await local.putTrace();
  expect(await waiting).toMatchObject({ code: 0, stderr: 'exported 1 trace\n' });
  const none = await xraydHere(['export', '--api', local.api, '--filter', 'service("none")', '--wait', '1']);
  expect(none).toMatchObject({ code: 1, stdout: '', stderr: 'xrayd: no trace matched within 1 s\n' });
});

test('requires the token, and accepts it', async () => {
  const guarded = await LocalXRay.of(scope, '--token', 'secret-token');
  const refused = await xraydHere(['export', '--api', guarded.api]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/HTTP 403/);
  expect((await xraydHere(['export', '--api', guarded.api], { env: { XRAYD_TOKEN: 'secret-token' } })).code).toBe(0);
});

test('--tee forwards stored segments to AWS, byte for byte and signed, and counts them', async () => {
  const aws = await scope.start(new FakeXRay());
  const args = ['local', '--tee', '--endpoint', aws.url, '--region', 'us-east-1'];
  const daemon = await scope.daemon({ args, env: EXAMPLE_KEYS });
  const documents = Array.from({ length: 60 }, (_, i) => JSON.stringify(segmentJson(`s${i}`)));
  await daemon.send(
    ...documents.map((document) => `{"format":"json","version":1}\n${document}`),
    '{"format":"json","version":1}\n{"id":"bad"}',
  );
  await eventually(async () => (await daemon.metrics())['xrayd_tee_segments_total{outcome="sent"}'] === 60);
  const teed = aws
    .calls('/TraceSegments')
    .flatMap(({ body }) => (JSON.parse(body.toString()) as { TraceSegmentDocuments: string[] }).TraceSegmentDocuments);
  expect(teed.toSorted()).toEqual(documents.toSorted());
  expect(await daemon.metrics()).toMatchObject({
    xrayd_segments_sent_total: 60,
    'xrayd_tee_segments_total{outcome="dropped"}': 0,
  });
  expect((await daemon.stop()).code).toBe(0);
});

/** A program that sends one segment to where it is told, and exits with a code. */
const TRACED = `
  const [host, port] = process.env.AWS_XRAY_DAEMON_ADDRESS.split(':');
  const socket = require('node:dgram').createSocket('udp4');
  const trace_id = '1-' + Math.floor(Date.now() / 1000).toString(16) + '-' + '0'.repeat(24);
  const http = { request: { method: 'GET', url: 'http://shop/' + String.fromCharCode(27) } };
  const segment = { trace_id, id: '1'.repeat(16), name: 'shop', start_time: 1, end_time: 1.5, http, fault: process.argv[1] !== 'ok' };
  if (process.argv[1] === 'called') segment.parent_id = 'f'.repeat(16);
  socket.send('{"format":"json","version":1}\\n' + JSON.stringify(segment), Number(port), host, () => { socket.close(); process.exitCode = Number(process.argv[2] ?? 0); });`;

test('both buffers of --tee share --buffer-memory: while AWS accepts nothing, half of it waits, and the rest is counted', async () => {
  const aws = await scope.start(new FakeXRay());
  aws.intercept = () => ({ status: 503 });
  const args = ['local', '--tee', '-m', '3', '--endpoint', aws.url, '--region', 'us-east-1'];
  const daemon = await scope.daemon({ args, env: EXAMPLE_KEYS });
  const size = 50_000;
  // A call must fit in a buffer.
  const TraceSegmentDocuments = Array.from({ length: 20 }, (_, i) =>
    JSON.stringify(segmentJson('web', { metadata: { a: `${i}`.padEnd(size, 'x') } })),
  );
  for (let i = 0; i < 4; i++) {
    const answer = await fetch(`${daemon.tcpUrl}/TraceSegments`, {
      method: 'POST',
      body: JSON.stringify({ TraceSegmentDocuments }),
    });
    expect(await answer.json()).toEqual({ UnprocessedTraceSegments: [] });
  }
  const outcome = async (name: string): Promise<number> =>
    (await daemon.metrics())[`xrayd_tee_segments_total{outcome="${name}"}`]!;
  const half = 1.5 * 1024 * 1024;
  await eventually(async () => (await outcome('dropped')) >= 80 - half / size);
  expect(await outcome('dropped')).toBeLessThan(80);
  expect((await daemon.metrics())['xrayd_buffer_limit_bytes']).toBe(half);
});

test('run traces the command, summarizes and saves its traces, and keeps its exit code', async () => {
  const file = join(scope.folder(), 'saved.json');
  const { code, stderr } = await xrayd(['run', '--save', file, '--', process.execPath, '--eval', TRACED, 'fault', '7']);
  expect(stderr).toMatch(
    /xrayd: 1 trace \(1 fault, 0 error, 0 throttle\)\n {2}fault {7}500 ms {2}1-[0-9a-f]{8}-0{24} {2}shop GET http:\/\/shop\/\\u\{1b\}\n/,
  );
  expect(stderr).toMatch(/saved 1 trace to/);
  expect(code).toBe(7);
  const { Traces } = JSON.parse(readFileSync(file, 'utf8')) as { Traces: object[] };
  expect(Traces).toHaveLength(1);
});

test('run says how much it lost and refused', async () => {
  // While run is stopped, datagrams of 24 MB arrive at a socket buffer of 8 MB.
  const program = `
    const socket = require('node:dgram').createSocket('udp4');
    const [host, port] = process.env.AWS_XRAY_DAEMON_ADDRESS.split(':');
    const send = (text) => new Promise((done) => socket.send('{"format":"json","version":1}\\n' + text, Number(port), host, done));
    (async () => {
      await send('{"name":"not a segment"}');
      process.kill(process.ppid, 'SIGSTOP');
      for (let i = 0; i < 400; i++) await send('"' + 'x'.repeat(60_000));
      process.kill(process.ppid, 'SIGCONT');
      socket.close();
    })();`;
  const { code, stderr } = await xrayd(['run', '--', process.execPath, '--eval', program]);
  expect(code).toBe(0);
  const countOf = (pattern: RegExp): number => Number(pattern.exec(stderr)?.[1]);
  const lost = process.platform === 'linux' ? countOf(/lost (\d+) segments: more arrived at once/) : 0;
  expect(lost + countOf(/refused (\d+) documents that X-Ray would not accept/)).toBe(401);
});

test('run --fail-on exits with 1 if a trace has a fault, and with 0 if none has', async () => {
  const run = async (kind: string): Promise<number | null> =>
    (await xrayd(['run', '--fail-on', 'fault', '--', process.execPath, '--eval', TRACED, kind])).code;
  expect(await run('fault')).toBe(1);
  expect(await run('ok')).toBe(0);
  // Its caller is traced elsewhere: X-Ray has no flags for it, and the page shows what its first segment says.
  expect(await run('called')).toBe(1);
});

test('run says what --fail-on found, in the last line', async () => {
  const { stderr } = await xrayd([
    'run',
    '--fail-on',
    'fault,error',
    '--',
    process.execPath,
    '--eval',
    TRACED,
    'fault',
  ]);
  expect(stderr).toMatch(/\nxrayd: failed: 1 trace has a fault or an error \(--fail-on fault,error\)\n$/);
});

test('run says that no trace arrived, which --fail-on no-traces makes a failure', async () => {
  const quiet = await xrayd(['run', '--fail-on', 'fault', '--', process.execPath, '--eval', '']);
  expect(quiet.stderr).toMatch(/xrayd: no trace arrived\. Is the SDK on, .*no-traces\.md\n$/);
  expect(quiet.code).toBe(0);
  const failed = await xrayd(['run', '--fail-on', 'fault,no-traces', '--', process.execPath, '--eval', '']);
  expect(failed.stderr).toMatch(/\nxrayd: failed: no trace arrived \(--fail-on no-traces\)\n$/);
  expect(failed.code).toBe(1);
});

test('run leads OpenTelemetry SDKs here by their variables, too', async () => {
  const program = `
    const trace_id = Math.floor(Date.now() / 1000).toString(16) + '0'.repeat(23) + '1';
    const span = { traceId: trace_id, spanId: '1'.repeat(16), name: 'work', kind: 2, startTimeUnixNano: '1000000000', endTimeUnixNano: '2000000000' };
    const attributes = [{ key: 'service.name', value: { stringValue: 'otel-shop' } }];
    fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }),
    });`;
  const { code, stderr } = await xrayd(['run', '--', process.execPath, '--eval', program]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/1\.00 s {2}1-[0-9a-f]{8}-0{23}1 {2}otel-shop/);
});
