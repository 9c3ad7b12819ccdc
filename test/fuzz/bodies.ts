import fc from '../fakes/fast-check.ts';
import { printFilter } from '../../src/filter/print.ts';
import { expressions } from '../fakes/filters.ts';
import { requestShapes, type JsonSchema, type RequestShape } from '../fakes/operation-schemas.ts';
import { mutated, type Random } from '../fakes/random.ts';
import { randomTraces } from '../fakes/random-traces.ts';
import { START } from '../fakes/traces.ts';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

/** Requests that empty the store; more, and there would be nothing to ask for. */
const CLEAR_SHARE = 0.001;
/** Of filters, those with hundreds of branches. */
const WIDE_SHARE = 0.01;
/** Members that are seldom right when they are there. */
const SELDOM = /^(NextToken|RetrievalToken|GroupARN|RuleARN)$/;

const OWN: readonly RequestShape[] = [
  '/api/import',
  '/api/traces/1-6ab3b3f3-000000000000000000000001/pin',
  '/nowhere',
  '/',
  '/Traces/',
].map((path) => ({
  path,
  schema: {},
}));
const READS = [
  '/traces.ndjson',
  '/traces.ndjson?filter=fault',
  '/traces.ndjson?filter=(',
  '/api/traces',
  '/api/traces?filter=service("web")&limit=3&from=1',
  '/api/traces?after=1:x&limit=-1',
  '/api/graph?filter=fault',
  '/api/suggestions',
  '/api/suggestions?field=service&prefix=%00',
  '/api/status',
  '/api/sampling?name=a&name=b&path=%2F',
  '/map',
  '/api/store',
  '/api/traces/x/findings',
  '/api/traces/%00/originals',
];

/** Requests to the local X-Ray: mostly what an operation's schema allows or nearly allows, sometimes rubbish. */
export class Bodies {
  readonly #random: Random;
  readonly #shapes: readonly RequestShape[];
  readonly #filters: readonly string[];
  readonly #documents: readonly string[];

  private constructor(random: Random, shapes: readonly RequestShape[], seed: number) {
    this.#random = random;
    this.#shapes = shapes;
    this.#filters = fc.sample(expressions, { numRuns: 500, seed }).map(printFilter);
    this.#documents = randomTraces(200, seed)
      .flat()
      .map((document) => JSON.stringify(document));
  }

  static async of(random: Random, seed: number): Promise<Bodies> {
    return new Bodies(random, [...(await requestShapes()), ...OWN], seed);
  }

  next(): Request {
    const random = this.#random;
    if (random.next() < 0.1) return { method: 'GET', path: random.pick(READS), body: Buffer.alloc(0) };
    if (random.next() < CLEAR_SHARE) return { method: 'POST', path: '/api/clear', body: Buffer.from('{}') };
    const { path, schema } = random.pick(this.#shapes);
    const body = Buffer.from(JSON.stringify(this.#valueOf(schema, '')) ?? '');
    const kind = random.next();
    if (kind < 0.08) return { method: 'POST', path, body: mutated(body, random) };
    if (kind < 0.1) return { method: 'POST', path, body: random.bytes(random.below(500)) };
    if (kind < 0.11) return { method: 'POST', path, body: Buffer.from('['.repeat(50_000)) };
    return { method: 'POST', path, body };
  }

  #valueOf(schema: JsonSchema, name: string): unknown {
    const random = this.#random;
    if (random.next() < 0.04)
      return random.pick<unknown>([
        null,
        0,
        -1,
        1e308,
        '',
        'x'.repeat(5_000),
        [],
        {},
        true,
        [[]],
        '\u0000\ud800',
        '__proto__',
      ]);
    switch (schema['type']) {
      case 'object':
        return this.#objectOf(schema);
      case 'array':
        return Array.from({ length: random.below(name === 'TraceSegmentDocuments' ? 8 : 4) }, () =>
          this.#valueOf(schema['items'] as JsonSchema, name),
        );
      case 'number':
        return this.#numberOf(name);
      case 'integer':
        return random.pick([0, 1, 5, 60, 300, 9_999, 10_000]);
      case 'boolean':
        return random.next() < 0.5;
      case 'string':
        return this.#textOf(schema, name);
      default:
        return { TraceSegmentDocuments: [random.pick(this.#documents)], Pinned: random.next() < 0.5 };
    }
  }

  /** The time of receipt is now, that of the traces is START; both are asked for, mostly in the right order. */
  #numberOf(name: string): number {
    const random = this.#random;
    if (!name.includes('Time')) return random.next() * 2;
    const around = random.next() < 0.5 ? START : Date.now() / 1000;
    return name === 'StartTime' ? around - random.below(10_000) : around + random.below(10_000) - 100;
  }

  #objectOf({ properties = {}, additionalProperties }: JsonSchema): object {
    const random = this.#random;
    if (typeof additionalProperties === 'object')
      return { key: this.#valueOf(additionalProperties as JsonSchema, 'key') };
    const all = Object.entries(properties as Record<string, JsonSchema>);
    const chosen = all.filter(([name]) => random.next() < (SELDOM.test(name) ? 0.1 : 0.9));
    const members = chosen.map(([name, schema]) => [name, this.#valueOf(schema, name)] as const);
    return Object.fromEntries(random.next() < 0.05 ? [...members, ['__proto__', {}], ['unknown', 1]] : members);
  }

  /** Each of another form: what is kept of a form must not grow with what was asked. */
  #wideFilter(): string {
    const random = this.#random;
    const conditions = Array.from({ length: 1 + random.below(30) }, () =>
      Array.from({ length: 1 + random.below(30) }, (_, i) => `annotation.a${i} = ${random.below(9)}`).join(' OR '),
    );
    return conditions.map((condition) => `(${condition})`).join(' AND ');
  }

  #textOf({ enum: choices }: JsonSchema, name: string): string {
    const random = this.#random;
    if (Array.isArray(choices)) return random.pick(choices as string[]);
    switch (name) {
      case 'TraceSegmentDocuments': {
        const document = random.pick(this.#documents);
        return random.next() < 0.3 ? mutated(Buffer.from(document), random).toString() : document;
      }
      case 'TraceIds':
        return `1-${START.toString(16)}-${random.below(250).toString(16).padStart(24, '0')}`;
      case 'FilterExpression':
      case 'EntitySelectorExpression': {
        if (random.next() < WIDE_SHARE) return this.#wideFilter();
        const filter = random.pick(this.#filters);
        return random.next() < 0.3 ? mutated(Buffer.from(filter), random).toString() : filter;
      }
      case 'PolicyDocument':
        return '{"Version":"2012-10-17","Statement":[]}';
      case 'ResourceARN':
        return random.pick([
          '*',
          'arn:aws:xray:eu-west-1:1:group/Default',
          'arn:aws:xray:eu-west-1:1:sampling-rule/Default',
        ]);
      default:
        return random.pick([
          'Default',
          'a',
          'b',
          'c',
          '*',
          'web',
          '1',
          'a'.repeat(24),
          'ffffffff-ffff-4fff-8fff-ffffffffffff',
        ]);
    }
  }
}
