import { ExactNumber } from '../../src/json/exact-number.ts';
import type { Json } from '../../src/json/json.ts';
import { Random } from './random.ts';
import { call, segmentJson, START, streamed, sub, type Part } from './traces.ts';

/** Traces of one to four documents with flags, annotations and calls of all kinds, determined by the seed. */
export function randomTraces(count: number, seed: number): Json[][] {
  const random = new Random(seed);
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random.next() * values.length)]!;
  const flags = (): Part => pick<Part>({}, {}, { fault: true }, { error: true }, { error: true, throttle: true });
  const http = (): Part =>
    pick<Part>(
      {},
      {
        http: {
          request: { url: pick('http://shop/', 'http://shop/v2'), method: pick('GET', 'POST') },
          response: { status: pick(200, 404, 429, 500) },
        },
      },
    );
  const annotations = (): Part =>
    pick<Part>(
      {},
      {
        annotations: {
          key: pick<unknown>('a', 'x'.repeat(250), 1, true),
          size: pick<unknown>(
            1,
            2,
            0.5,
            2 ** 53,
            ...['9007199254740993', '-9007199254740993', '-0', '1e400', '1e-400'].map((text) => new ExactNumber(text)),
          ),
          'aws:api_id': 'a',
          'a "]b': 'a',
          flag: pick<unknown>(true, false, 'true'),
          'my.key': 'a',
        },
      },
    );
  const place = (): Part =>
    pick<Part>(
      {},
      {
        user: pick('u1', 'u2'),
        resource_arn: 'arn:x',
        aws: { ec2: { instance_id: 'i-1', availability_zone: 'us-east-1a' } },
      },
    );
  const time = (): Part => ({ to: pick(0.5, 1, 2, 5) });
  const cause = (): Part =>
    pick<Part>({}, { cause: { exceptions: [{ id: 'eeeeeeeeeeeeeeee', type: 'Boom', message: 'a' }] } });
  return Array.from({ length: count }, (_, i) => {
    const trace = { trace_id: `1-${START.toString(16)}-${i.toString(16).padStart(24, '0')}` };
    const orders = call('orders', { ...time(), ...flags(), ...cause() });
    const others = [
      call('api.example.com', { ...time(), ...flags(), ...http() }),
      sub('DynamoDB', {
        namespace: 'aws',
        aws: { operation: 'GetItem', table_name: 'orders' },
        ...flags(),
        ...cause(),
      }),
      sub('inner', { ...annotations(), ...flags(), ...cause() }),
    ].filter(() => random.next() < 0.5);
    const root = pick<Part>({}, {}, {}, { parent_id: 'ffffffffffffffff' });
    const web = segmentJson('web', {
      ...trace,
      ...root,
      ...time(),
      ...flags(),
      ...http(),
      ...annotations(),
      ...place(),
      ...cause(),
      subsegments: [orders, ...others],
    });
    const documents: Json[] = [web];
    if (random.next() < 0.5)
      documents.push(
        segmentJson('orders', { ...trace, parent_id: orders.id, ...time(), ...flags(), ...annotations(), ...place() }),
      );
    if (random.next() < 0.3)
      documents.push(
        streamed('DynamoDB', web.id, {
          ...trace,
          namespace: 'aws',
          aws: { operation: 'GetItem', table_name: 'none' },
          ...flags(),
        }),
      );
    const open = Object.fromEntries(Object.entries(web).filter(([key]) => key !== 'end_time' && key !== 'subsegments'));
    if (random.next() < 0.3) documents.unshift({ ...open, in_progress: true });
    return documents;
  });
}

/** The documents, plus versions in progress of their entities, nested and separate, and separate completed versions. */
export function withVersions(documents: readonly Json[], random: () => number): Json[] {
  const versions: Json[] = [...documents];
  const known = new Set(documents.map(({ id }) => id));
  const open = (json: Json): Json => {
    const kept = Object.entries(json).filter(([key]) => key !== 'end_time' && key !== 'subsegments');
    return { ...Object.fromEntries(kept), in_progress: true };
  };
  for (const document of documents) {
    for (const child of (document['subsegments'] ?? []) as Json[]) {
      if (random() < 0.5 || known.has(child['id'])) continue;
      known.add(child['id']);
      const alone = { ...child, type: 'subsegment', trace_id: document['trace_id'], parent_id: document['id'] };
      const inner = { ...sub('inside another version', { annotations: { version: 1 } }) };
      versions.push(random() < 0.5 ? open(alone) : { ...alone, subsegments: [inner] });
      if (random() < 0.5)
        versions.push(
          streamed('holds another', document['id'] as string, {
            trace_id: document['trace_id'],
            subsegments: [open(child)],
          }),
        );
    }
  }
  return versions;
}
