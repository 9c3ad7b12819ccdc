import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { REJECT_REASONS } from '../../src/pipeline/accounting.ts';
import { DatagramReader, REJECT_EMPTY, REJECT_NO_DOCUMENT } from '../../src/udp/datagram.ts';
import { DATAGRAMS } from '../fakes/fixtures.ts';
import { ACCEPTED, REJECTED } from '../fakes/header-cases.ts';

const reader = new DatagramReader();
const documentOffset = (bytes: Buffer, length?: number): number => reader.documentOffset(bytes, length);

test.each(ACCEPTED)('accepts %s', (_what, datagram, document) => {
  const bytes = Buffer.from(datagram);
  const start = documentOffset(bytes);
  expect(start).toBeGreaterThan(0);
  expect(bytes.subarray(start).toString()).toBe(document);
});

test.each(REJECTED)('rejects %s', (_what, datagram, reason) => {
  expect(REJECT_REASONS[-1 - documentOffset(Buffer.from(datagram))]).toBe(reason);
});

test('accepts every recorded datagram, with its document', () => {
  for (const { datagram, document } of DATAGRAMS) expect(datagram.subarray(documentOffset(datagram))).toEqual(document);
});

test('the cached header matches only itself', () => {
  const good = Buffer.from('{"format":"json","version":1}\n{}');
  expect(documentOffset(good)).toBe(30);
  expect(documentOffset(good.subarray(0, 30))).toBeLessThan(0);
  for (let i = 0; i < 30; i++) {
    const bad = Buffer.from(good);
    bad[i]! ^= 0x02;
    const alone = Buffer.from(bad);
    // A changed letter may still be a good header in another case; what counts is that memory does not change the
    // answer.
    documentOffset(good);
    const remembered = documentOffset(bad);
    documentOffset(Buffer.from('{"format": "json", "version": 1}\n{}'));
    expect(documentOffset(alone)).toBe(remembered);
  }
});

test('reads only the datagram, not what an earlier one left in the buffer', () => {
  const scratch = Buffer.from('{"format":"json","version":1}\n{"left":1}');
  expect(documentOffset(scratch, 30)).toBe(REJECT_NO_DOCUMENT);
  expect(documentOffset(scratch, 31)).toBe(30);
  expect(documentOffset(scratch, 10)).toBe(REJECT_NO_DOCUMENT);
  expect(documentOffset(scratch, 0)).toBe(REJECT_EMPTY);
});

test('never throws, whatever arrives', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 60 }), (bytes, text) => {
      documentOffset(Buffer.from(bytes));
      documentOffset(Buffer.concat([Buffer.from(text), Buffer.from('\n'), Buffer.from(bytes)]));
      documentOffset(Buffer.from(`{"format":${JSON.stringify(text)},"version":1}\n{}`));
    }),
  );
});

test('agrees with a JSON decoder on any object of plain members', () => {
  const member = fc.tuple(
    fc.constantFrom('format', 'FORMAT', 'version', 'other', 'a"b'),
    fc.constantFrom('"json"', '"JSON"', '1', '2', '1.0', 'null', '[]', '{"version":1}'),
  );
  fc.assert(
    fc.property(fc.array(member, { maxLength: 5 }), (members) => {
      const header = `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(', ')}}`;
      // What Go does, said another way: walk the members and let each good value overwrite.
      let format = '';
      let version = '';
      for (const [key, value] of members) {
        if (key.toLowerCase() === 'format' && value.startsWith('"')) format = value.toLowerCase();
        if (key === 'version' && /^\d+$/.test(value)) version = value;
      }
      expect(documentOffset(Buffer.from(`${header}\n{}`)) > 0).toBe(format === '"json"' && version === '1');
    }),
  );
});
