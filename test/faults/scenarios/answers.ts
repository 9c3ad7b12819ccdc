import { gzipSync } from 'node:zlib';
import { json, type Behaviour } from '../../fakes/server.ts';
import { denied, expired, throttled } from '../replies.ts';
import { answering, through, type Scenario } from '../scenario.ts';
import { gated } from './outages.ts';

const TAKEN = '{"UnprocessedTraceSegments":[]}';
const html = (status: number): Behaviour => ({
  status,
  headers: { 'content-type': 'text/html', server: 'nginx' },
  body: '<html>no</html>',
});

/** What proxies, portals, gateways and broken emulators say with 200. None of it is X-Ray's. */
const FALSE_SUCCESSES: readonly Behaviour[] = [
  ...[
    '"ok"',
    '7',
    'null',
    'true',
    '[]',
    '{}',
    '{"status":"ok"}',
    '{"UnprocessedTraceSegments":{}}',
    '{"UnprocessedTraceSegments":[null]}',
  ].map((body) => ({ status: 200, headers: { 'content-type': 'application/json' }, body })),
  { status: 200, body: '['.repeat(200_000) + ']'.repeat(200_000) },
  { status: 200, body: `{"UnprocessedTraceSegments":[{"Id":"1","ErrorCode":"A"}],${TAKEN.slice(1)}` },
  {
    status: 200,
    body: JSON.stringify({ UnprocessedTraceSegments: Array.from({ length: 51 }, () => ({ Id: '1', ErrorCode: 'A' })) }),
  },
  { status: 200, body: `\ufeff${TAKEN}` },
  { status: 200, body: Buffer.from(TAKEN, 'utf16le') },
  { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(TAKEN) },
  { status: 200, headers: { 'x-amzn-errortype': 'InternalFailure' }, body: TAKEN },
  { status: 200, body: TAKEN.slice(0, -1) },
  html(200),
  { status: 201, body: TAKEN },
  { status: 202, body: TAKEN },
  { status: 204 },
  { status: 206, body: TAKEN },
  { status: 302, headers: { location: 'https://127.0.0.1:9/' }, body: TAKEN },
  { status: 307, headers: { location: '/TraceSegments' }, body: TAKEN },
];

/** What they refuse a request with: nothing about the documents. */
const GATEWAYS_REFUSALS: readonly Behaviour[] = [
  json({ code: 'BadRequestException', message: 'bad' }, 400),
  json({ code: 'InvalidRequestException' }, 400),
  json({ __type: 'SerializationException' }, 400),
  json({ code: 'ResourceNotFoundException' }, 404),
  json({ code: 404, message: 'no Route matched' }, 404),
  json({ Message: '' }, 404, { 'x-amzn-errortype': 'UnknownOperationException' }),
  json({ Message: '' }, 400, { 'x-amzn-errortype': 'SomethingNewException' }),
  json({ Message: '' }, 404, { 'x-amzn-errortype': 'InvalidRequestException' }),
  ...[400, 401, 403, 404, 405, 407, 408, 409, 411, 415, 421, 422, 451].map(html),
];

const bomb: Behaviour = { status: 200, headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(200e6)) };

/** X-Ray is there and does not simply take everything. */
export const ANSWERS: readonly Scenario[] = [
  {
    id: 'R8',
    title: 'every second call throttled',
    run: answering((call) => (call % 2 === 0 ? throttled : undefined)),
    check: ({ calls, offered }) => [calls > 1.2 * 2 * Math.ceil(offered / 50) && 'too many calls'],
  },
  {
    id: 'R9',
    title: 'single documents throttled inside an HTTP 200',
    run: (harness, scale) => through(harness, scale, () => (harness.oracle.throttleEvery = 7)),
  },
  {
    id: 'R10',
    title: 'answers that are not X-Ray: HTML, nothing, 10 MB, a gzip bomb, half a body',
    run: (harness, scale) => {
      const answers: Behaviour[] = [
        { status: 200, body: '<html>' },
        { status: 200 },
        { status: 200, body: Buffer.alloc(10e6, 'x') },
        bomb,
        { status: 403, body: 'no' },
        { status: 200, headers: { 'content-length': '500' }, body: '{"Unproc' },
      ];
      return answering((call) => answers[call % 9])(harness, scale);
    },
  },
  {
    id: 'R10-false',
    title: 'everything is answered with 200 by something that is not X-Ray: nothing counts as sent',
    run: answering((call) => FALSE_SUCCESSES[call % FALSE_SUCCESSES.length]),
    check: (_outcome, { daemon }) => [
      daemon.find(/something other than X-Ray answered/) === undefined && 'not said in the log',
    ],
  },
  {
    id: 'R10-gateway',
    title: 'a gateway refuses every request: no batch is halved, none is lost',
    run: answering((call) => GATEWAYS_REFUSALS[call % GATEWAYS_REFUSALS.length]),
    check: (_outcome, { daemon }) => [
      daemon.find(/something other than X-Ray answered/) === undefined && 'not said in the log',
      daemon.find(/it is split to find/) !== undefined && 'batches were halved',
    ],
  },
  {
    id: 'R10-413',
    title: 'a gateway says of every request that it is too large: nothing is lost',
    run: answering(() => html(413)),
  },
  {
    id: 'R10-limit',
    title: 'a gateway with a limit of 20 KB: everything arrives in parts',
    run: (harness, scale) => {
      harness.oracle.intercept = ({ target, body }) =>
        target === '/TraceSegments' && body.length > 20_000 ? html(413) : undefined;
      return through(harness, scale);
    },
    check: (_outcome, { daemon }) => [
      daemon.find(/client_max_body_size/) === undefined && 'the remedy is not named in the log',
    ],
  },
  {
    id: 'R11',
    isBusy: true,
    title: 'a batch with one poison document is refused whole: only that document is lost',
    mayLose: true,
    run: poisoned(json({ Message: 'Invalid' }, 400, { 'x-amzn-errortype': 'InvalidRequestException' })),
    check: ({ missing, offered }) => {
      const poison = Math.floor((offered + 22) / 100);
      return [missing !== poison && `${missing} missing, ${poison} poisoned`];
    },
  },
  {
    id: 'R11-413',
    isBusy: true,
    title: 'a gateway refuses one document for its size: only that document is lost, once X-Ray has taken others',
    mayLose: true,
    run: async (harness, scale) => {
      const drainedMs = await poisoned(html(413))(harness, scale);
      // The last of them is given up when something else was taken.
      for (let tries = 0; tries < 60 && (await harness.ledger()).here > 0; tries++) {
        await harness.load.burst(1);
        await new Promise((next) => setTimeout(next, 1_000));
      }
      return drainedMs;
    },
    check: ({ missing, offered }) => {
      const poison = Math.floor((offered + 22) / 100);
      return [missing !== poison && `${missing} missing, ${poison} poisoned`];
    },
  },
  {
    id: 'R12',
    title: 'every third connection reset',
    run: answering((call) => (call % 3 === 0 ? 'reset' : undefined)),
  },
  { id: 'R12-deaf', title: 'half-open connections: answers are lost', run: gated('deaf') },
  { id: 'R12-cut', title: 'connections are reset in the middle of a body', run: gated('cut') },
  {
    id: 'R12-slow',
    title: 'every fourth call is answered after 4 s, and holds no other up',
    run: (harness, scale) => {
      let call = 0;
      harness.oracle.intercept = async ({ target }) => {
        if (target === '/TraceSegments' && call++ % 4 === 0) await new Promise((next) => setTimeout(next, 4_000));
        return undefined;
      };
      return through(harness, scale);
    },
    check: ({ drainedMs, offered, delivered }, _harness, { isFull }) => [
      isFull && drainedMs > 10_000 && offered === delivered && 'slow calls held the others up',
    ],
  },
  { id: 'R13-expired', title: 'X-Ray says that the credentials are expired', run: answering(() => expired) },
  {
    id: 'R13-denied',
    title: 'X-Ray denies access, then allows it',
    run: answering(() => denied),
    check: (_outcome, { daemon }) => [
      daemon.find(/AWSXRayDaemonWriteAccess/) === undefined && 'the policy is not named in the log',
    ],
  },
  {
    id: 'R13-skew',
    title: "this machine's clock is 10 minutes behind X-Ray's",
    run: (harness, scale) => through(harness, scale, () => (harness.oracle.clockAheadMs = 600_000)),
    check: (_outcome, { daemon }) => [
      daemon.find(/clock is wrong/) === undefined && 'the clock is not named in the log',
    ],
  },
];

/** Each batch with a document whose number ends in 77 is refused. */
function poisoned(refusal: Behaviour): Scenario['run'] {
  return (harness, scale) => {
    const isPoisoned = (body: Buffer): boolean => /orders\/\d*77 ?\\"|orders\/\d*77\\"/.test(body.toString());
    harness.oracle.intercept = ({ target, body }) =>
      target === '/TraceSegments' && isPoisoned(body) ? refusal : undefined;
    return through(harness, scale);
  };
}
