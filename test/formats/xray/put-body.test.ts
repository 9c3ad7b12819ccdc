import fc from '../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { decodeDocuments } from '../../../src/formats/xray/put-body.ts';

const TOO_LARGE = 5_000_000;

function bodyOf(...documents: string[]): Buffer {
  return Buffer.from(JSON.stringify({ TraceSegmentDocuments: documents }));
}

function read(body: Buffer | string): { texts: string[]; empty: number } | string {
  const found = decodeDocuments(Buffer.from(body));
  if (typeof found === 'string') return found;
  return { texts: Array.from(found.documents, (document) => Buffer.from(document).toString()), empty: found.empty };
}

test('documents come out unchanged, whatever is escaped in them', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 50 }), (texts) => {
      const found = decodeDocuments(bodyOf(...texts));
      if (typeof found === 'string') throw new Error(found);
      const bytes = Array.from(found.documents, (document) => Buffer.from(document).toString());
      expect(bytes).toEqual(texts.map((text) => Buffer.from(text).toString()));
    }),
  );
});

test('reads a body as JSON.parse does, and refuses what JSON.parse refuses', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const member = fc.oneof(fc.constant('TraceSegmentDocuments'), fc.string());
  const texts = fc.oneof(
    fc
      .dictionary(member, fc.oneof(value, fc.array(fc.string(), { maxLength: 5 })))
      .map((object) => JSON.stringify(object)),
    value.map((other) => JSON.stringify(other)),
  );
  const mutations = fc.array(
    fc.tuple(
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', '[', ']', '{', '}', ' ', '\n', '\t\r', 'x', '\u0001', 'null'),
    ),
    {
      maxLength: 2,
    },
  );
  fc.assert(
    fc.property(texts, mutations, (text, changes) => {
      const body = changes.reduce((changed, [at, insert]) => {
        const i = at % (changed.length + 1);
        return changed.slice(0, i) + insert + changed.slice(i + 1);
      }, text);
      expect(read(body)).toEqual(expected(Buffer.from(body).toString()));
    }),
    { numRuns: 3_000 },
  );
});

function expected(body: string): ReturnType<typeof read> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return expect.stringMatching(/^(not_json|not_strings)$/);
  }
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  const list = isObject ? ((json as { TraceSegmentDocuments?: unknown }).TraceSegmentDocuments ?? []) : undefined;
  if (list === undefined) return 'no_documents';
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string')) return 'not_strings';
  const texts = list.filter((each) => each !== '').map((text) => Buffer.from(text).toString());
  return { texts, empty: list.length - texts.length };
}

test.each([
  ['1.6 million empty documents', `{"TraceSegmentDocuments":[${'"",'.repeat(1_600_000)}""]}`, 'too_many'],
  ['51 documents', bodyOf(...Array.from({ length: 51 }, () => 'x')), 'too_many'],
  [
    'a list 200,000 levels deep for a document',
    `{"TraceSegmentDocuments":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`,
    'too_deep',
  ],
  ['a body 200,000 levels deep', '['.repeat(200_000), 'too_deep'],
  ['a member 200,000 levels deep', `{"x":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}}`, 'too_deep'],
  ['two million other members', `{${'"":1,'.repeat(900_000)}"":1}`, 'too_much_else'],
  ['a million numbers beside the documents', `{"x":[${'1,'.repeat(1_000_000)}1]}`, 'too_much_else'],
  ['a name of 5 MB', `{"${'x'.repeat(TOO_LARGE)}":1}`, 'too_much_else'],
  ['a string of 5 MB beside the documents', `{"x":"${'x'.repeat(TOO_LARGE)}"}`, 'too_much_else'],
  ['the list of documents 100,000 times', `{${'"TraceSegmentDocuments":[],'.repeat(100_000)}"x":1}`, 'too_much_else'],
  ['5 MB of spaces', ' '.repeat(TOO_LARGE), 'not_json'],
  ['an unterminated document of 5 MB', `{"TraceSegmentDocuments":["${'\\\\'.repeat(TOO_LARGE / 2)}`, 'not_json'],
  ['a byte that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'not_utf8'],
])(
  '%s: refuses it after one pass over the bytes, with no more memory than for a small body',
  (_title, body, problem) => {
    const bytes = Buffer.from(body);
    const before = process.memoryUsage();
    expect(decodeDocuments(bytes)).toBe(problem);
    const after = process.memoryUsage();
    expect(after.heapUsed - before.heapUsed).toBeLessThan(8_000_000);
  },
);
