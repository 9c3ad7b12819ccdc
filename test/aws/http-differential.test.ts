import { Agent } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { performCall, type HttpAnswer, type HttpFailure } from '../../src/aws/http-call.ts';
import { HttpConnections } from '../../src/aws/http-connections.ts';
import fc from '../fakes/fast-check.ts';
import { Scope } from '../fakes/scope.ts';

/** What a server does with a request: it writes pieces, each in a turn of the event loop of its own, and may close. */
interface Behaviour {
  readonly pieces: readonly string[];
  readonly ends: boolean;
  /** Answers when the first byte of the request has arrived, not the last. */
  readonly isEarly: boolean;
}

const CASES = 1_000;
const AT_A_TIME = 10;
const BODY = Buffer.from('x'.repeat(2_000));

const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const often = <T>(usual: T, ...values: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: pick(...values) });

const line = fc.tuple(
  often('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.12', 'ICY'),
  often(' ', '  ', '\t', ''),
  often('200', '400', '403', '413', '429', '503', '204', '304', '100', '103', '101', '99', '600', '2000', '20x', ''),
  often(' OK', ' ', '', ' Not Found', ' \u00e9', '\tx', ' \u0000'),
);
const lineEnd = often('\r\n', '\n', '\r', '\r\r\n', ' \r\n');
const fields = fc.array(
  fc.tuple(
    pick('Date', 'x-amzn-requestid', 'X-Amzn-ErrorType', 'Retry-After', 'Set-Cookie', 'Server', 'X Y', 'é', '', ' A'),
    often(': ', ':', ' : ', ':\t', ''),
    pick('1', 'ThrottledException', '', '  two  words ', 'a\u0001b', 'caf\u00e9', 'x\r\n folded', '"q"'),
    lineEnd,
  ),
  { maxLength: 4 },
);
const framing = fc.oneof(
  { weight: 6, arbitrary: fc.constant('length') },
  { weight: 6, arbitrary: fc.constant('chunked') },
  { weight: 2, arbitrary: fc.constant('close') },
  {
    weight: 2,
    arbitrary: pick(
      'twice',
      'twice the same',
      'both',
      'gzip',
      'short',
      'long',
      'negative',
      'plus',
      'list',
      'Chunked',
      'chunked twice',
    ),
  },
);
const chunkSize = often('', ';a=b', ' ', ';q="x"', '\t;a', 'g', '-', '+');
const chunkEnd = often('\r\n', '\n', '', 'x\r\n');
const connection = often('', 'Connection: close\r\n', 'Connection: keep-alive, Close\r\n', 'Keep-Alive: timeout=5\r\n');
const trailer = often('\r\n', 'X-After: 1\r\n\r\n', 'bad trailer\r\n\r\n', '\n', '0\r\n\r\n');
const content = pick(
  '{}',
  '{"UnprocessedTraceSegments":[]}',
  'x'.repeat(3_000),
  '',
  '\u00e9\u0000\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
);

const response = fc
  .record({
    line,
    lineEnd,
    fields,
    framing,
    chunkSize,
    chunkEnd,
    connection,
    trailer,
    content,
    surplus: often('', 'more', '\r\n'),
  })
  .map((made) => {
    const { content: body } = made;
    const lengths: Record<string, string> = {
      length: `Content-Length: ${body.length}\r\n`,
      twice: `Content-Length: ${body.length}\r\nContent-Length: ${body.length + 1}\r\n`,
      'twice the same': `Content-Length: ${body.length}\r\ncontent-length: ${body.length}\r\n`,
      both: `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`,
      chunked: 'Transfer-Encoding: chunked\r\n',
      Chunked: 'transfer-encoding:  Chunked \r\n',
      'chunked twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      gzip: 'Transfer-Encoding: gzip, chunked\r\n',
      short: `Content-Length: ${Math.max(0, body.length - 1)}\r\n`,
      long: `Content-Length: ${body.length + 1}\r\n`,
      negative: 'Content-Length: -1\r\n',
      plus: 'Content-Length: +2\r\n',
      list: `Content-Length: ${body.length}, ${body.length}\r\n`,
    };
    const halves = [body.slice(0, body.length / 2), body.slice(body.length / 2)].filter((half) => half !== '');
    const chunks = halves
      .map((half) => `${half.length.toString(16)}${made.chunkSize}\r\n${half}${made.chunkEnd}`)
      .join('');
    const isChunked = /chunked|gzip|both/i.test(made.framing);
    const head = `${made.line.join('')}${made.lineEnd}${made.fields.map((field) => field.join('')).join('')}`;
    const rest = isChunked ? `${chunks}0\r\n${made.trailer}` : body;
    return `${head}${lengths[made.framing] ?? ''}${made.connection}\r\n${rest}${made.surplus}`;
  });
const interim = often(
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n',
  'HTTP/1.1 102 P\r\n\r\n'.repeat(3),
);
const behaviour: fc.Arbitrary<Behaviour> = fc
  .record({
    interim,
    response,
    cut: often(Infinity, 0, 5, 30, 60, 100),
    cuts: fc.array(fc.nat(200), { maxLength: 4 }),
    isEarly: often(false, true),
  })
  .map(({ interim: before, response: made, cut, cuts, isEarly }) => {
    const bytes = (before + made).slice(0, cut);
    const ends = [...new Set([...cuts.map((at) => Math.min(at, bytes.length)), bytes.length])].toSorted(
      (a, b) => a - b,
    );
    return { pieces: ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end)), ends: true, isEarly };
  });

/** Serves the behaviour that the target of a request numbers. */
const behaviours = new Map<string, Behaviour>();
const server = createServer((socket) => {
  socket.on('error', () => {});
  let received = '';
  let isAnswered = false;
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const target = /^POST (\S+) /.exec(received)?.[1];
    const told = target === undefined ? undefined : behaviours.get(target);
    if (told === undefined || isAnswered || !(told.isEarly || received.endsWith('x'.repeat(BODY.length)))) return;
    isAnswered = true;
    void answer(socket, told);
  });
});

async function answer(socket: Socket, { pieces, ends }: Behaviour): Promise<void> {
  for (const piece of pieces) {
    if (piece !== '') socket.write(piece, 'latin1');
    await new Promise(setImmediate);
  }
  if (ends) socket.end();
}

const scope = Scope.shared();
let url: URL;
beforeAll(async () => {
  url = new URL(`http://127.0.0.1:${await scope.listen(server)}`);
});

type Result = HttpAnswer | HttpFailure;
const limits = { timeoutMs: 30_000, maxAnswerBytes: 10_000, signal: new AbortController().signal };

async function both(target: string): Promise<{ theirs: Result; ours: Result }> {
  const headers = { host: url.host, 'content-length': String(BODY.length) };
  const agent = new Agent();
  const connections = new HttpConnections({ url, noVerifySsl: false, maxSockets: 1 });
  const [theirs, ours] = await Promise.all([
    performCall({ url: new URL(target, url), method: 'POST', headers, body: BODY, agent, ...limits }),
    connections.exchange({ target, method: 'POST', headers, body: BODY, ...limits }),
  ]);
  agent.destroy();
  connections.close();
  return { theirs, ours };
}

/** A failure is retried whatever its code is; of a malformed answer that is cut off, the clients notice either first. */
const shownOf = (result: Result) =>
  result.kind === 'failure'
    ? 'failure'
    : { status: result.status, body: result.body.toString('latin1'), headers: { ...result.headers } };

test(`reads ${CASES} generated behaviours of servers as node:http does, or refuses them`, async () => {
  const told = fc.sample(behaviour, { numRuns: CASES, seed: 7 });
  const answers = { same: 0, refusedHereOnly: 0, failures: 0 };
  const differences: unknown[] = [];
  const compare = async (one: Behaviour, target: string): Promise<void> => {
    behaviours.set(target, one);
    const { theirs, ours } = await both(target);
    const [their, our] = [shownOf(theirs), shownOf(ours)];
    if (their === 'failure' && our === 'failure') answers.failures++;
    else if (ours.kind === 'failure' && ours.code === 'network') answers.refusedHereOnly++;
    else if (JSON.stringify(their) === JSON.stringify(our)) answers.same++;
    else differences.push({ ...one, their, our });
  };
  for (let first = 0; first < CASES; first += AT_A_TIME)
    await Promise.all(told.slice(first, first + AT_A_TIME).map((one, i) => compare(one, `/${first + i}`)));
  expect(differences).toEqual([]);
  // The generator makes answers that can be read, and is not mostly noise.
  expect(answers.same).toBeGreaterThan(CASES / 5);
  expect(answers.failures).toBeGreaterThan(CASES / 5);
  expect(answers.refusedHereOnly).toBeLessThan(CASES / 20);
});
