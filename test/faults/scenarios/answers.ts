import { gzipSync } from 'node:zlib';
import type { Behaviour } from '../../fakes/server.ts';
import { denied, expired, throttled } from '../replies.ts';
import { answering, through, type Scenario } from '../scenario.ts';
import { gated } from './outages.ts';

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
    id: 'R11',
    title: 'a batch with one poison document is refused whole: only that document is lost',
    mayLose: true,
    run: (harness, scale) => {
      const isPoisoned = (body: Buffer): boolean => /orders\/\d*77 ?\\"|orders\/\d*77\\"/.test(body.toString());
      harness.oracle.intercept = ({ target, body }) => (target === '/TraceSegments' && isPoisoned(body) ? { status: 413 } : undefined);
      return through(harness, scale);
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
    check: ({ drainedMs, offered, delivered }) => [drainedMs > 10_000 && offered === delivered && 'slow calls held the others up'],
  },
  { id: 'R13-expired', title: 'X-Ray says that the credentials are expired', run: answering(() => expired) },
  {
    id: 'R13-denied',
    title: 'X-Ray denies access, then allows it',
    run: answering(() => denied),
    check: (_outcome, { daemon }) => [daemon.find(/AWSXRayDaemonWriteAccess/) === undefined && 'the policy is not named in the log'],
  },
  {
    id: 'R13-skew',
    title: "this machine's clock is 10 minutes behind X-Ray's",
    run: (harness, scale) => through(harness, scale, () => (harness.oracle.clockAheadMs = 600_000)),
    check: (_outcome, { daemon }) => [daemon.find(/clock is wrong/) === undefined && 'the clock is not named in the log'],
  },
];
