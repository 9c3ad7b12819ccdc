import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REJECT_REASONS } from '../../src/pipeline/accounting.ts';
import { documentOffset } from '../../src/udp/datagram.ts';
import { DATAGRAMS } from '../fakes/fixtures.ts';

/** The accept/reject table of the reference daemon: reference/xray-protocol-and-api.md §1.2 and §12. */
const ACCEPTED: [what: string, datagram: string, document: string][] = [
  ['the compact header of Node, Python, .NET and Ruby', '{"format":"json","version":1}\n{}', '{}'],
  ['the spaced header of Java and Go', '{"format": "json", "version": 1}\n{}', '{}'],
  ['a carriage return before the newline', '{"format":"json","version":1}\r\n{}', '{}'],
  ['keys and value in any case', '{"FORMAT":"JSON","Version":1}\n{}', '{}'],
  ['extra keys', '{"format":"json","version":1,"x":{"version":2,"a":[1,{"format":"no"}]},"y":"}"}\n{}', '{}'],
  ['members in another order', '{"version":1,"format":"json"}\n{}', '{}'],
  ['escapes in the value', '{"format":"j\\u0073on","version":1}\n{}', '{}'],
  ['the last of two equal keys', '{"format":"xml","version":2,"format":"json","version":1}\n{}', '{}'],
  ['the last of two keys that differ in case', '{"version":2,"Version":1,"format":"json"}\n{}', '{}'],
  ['a later value of a wrong type, which leaves the earlier', '{"format":"json","version":1,"version":"2"}\n{}', '{}'],
  ['a later null, which leaves the earlier', '{"format":"json","version":1,"format":null}\n{}', '{}'],
  ["Go's folding of the long s", '{"format":"j\u017fon","ver\u017fion":1}\n{}', '{}'],
  ['blanks around the header', '  {"format":"json","version":1}  \n{}', '{}'],
  ['a body that is not JSON', '{"format":"json","version":1}\nx', 'x'],
  ['a body with trailing blanks and newlines, kept', '{"format":"json","version":1}\n{} \n\n', '{} \n\n'],
  ['two datagrams in one, as one body', '{"format":"json","version":1}\n{"format":"json","version":1}\n{}', '{"format":"json","version":1}\n{}'],
  ['an array of documents', '{"format":"json","version":1}\n[{},{}]', '[{},{}]'],
  ['an OTLP body', '{"format":"json","version":1}\nT1SCpMLCg==', 'T1SCpMLCg=='],
  ['a body of one newline', '{"format":"json","version":1}\n\n', '\n'],
];
test.each(ACCEPTED)('accepts %s', (_what, datagram, document) => {
  const bytes = Buffer.from(datagram);
  const start = documentOffset(bytes);
  expect(start).toBeGreaterThan(0);
  expect(bytes.subarray(start).toString()).toBe(document);
});

const REJECTED: [what: string, datagram: string, reason: string][] = [
  ['an empty datagram', '', 'empty'],
  ['no newline', '{"format":"json","version":1}', 'no_document'],
  ['nothing after the newline', '{"format":"json","version":1}\n', 'no_document'],
  ['a version in quotes', '{"format":"json","version":"1"}\n{}', 'bad_header'],
  ['version 1.0', '{"format":"json","version":1.0}\n{}', 'bad_header'],
  ['version 1e0', '{"format":"json","version":1e0}\n{}', 'bad_header'],
  ['version 2', '{"format":"json","version":2}\n{}', 'bad_header'],
  ['version -1', '{"format":"json","version":-1}\n{}', 'bad_header'],
  ['no version', '{"format":"json"}\n{}', 'bad_header'],
  ['no format', '{"version":1}\n{}', 'bad_header'],
  ['another format', '{"format":"protobuf","version":1}\n{}', 'bad_header'],
  ['a header over several lines', '{\n"format":"json",\n"version":1}\n{}', 'bad_header'],
  ['a leading newline', '\n{"format":"json","version":1}\n{}', 'bad_header'],
  ['a byte order mark', '\ufeff{"format":"json","version":1}\n{}', 'bad_header'],
  ['text after the header', '{"format":"json","version":1}x\n{}', 'bad_header'],
  ['an array', '[{"format":"json","version":1}]\n{}', 'bad_header'],
  ['null', 'null\n{}', 'bad_header'],
  ['a string', '"format json version 1"\n{}', 'bad_header'],
  ['a broken object, whose good members Go does not see', '{"format":"json","version":1,\n{}', 'bad_header'],
  ['members one level down', '{"a":{"format":"json","version":1}}\n{}', 'bad_header'],
  ['nesting that Go gives up on', `{"format":"json","version":1,"a":${'['.repeat(10_001)}${']'.repeat(10_001)}}\n{}`, 'bad_header'],
  ['a dotless i, which Go does not fold', '{"format":"json","vers\u0131on":1}\n{}', 'bad_header'],
];
test.each(REJECTED)('rejects %s', (_what, datagram, reason) => {
  expect(REJECT_REASONS[-1 - documentOffset(Buffer.from(datagram))]).toBe(reason);
});

test('accepts every recorded datagram, with its document', () => {
  for (const { datagram, document } of DATAGRAMS) expect(datagram.subarray(documentOffset(datagram))).toEqual(document);
});

test('the header that was remembered accepts nothing that is not that header', () => {
  const good = Buffer.from('{"format":"json","version":1}\n{}');
  expect(documentOffset(good)).toBe(30);
  expect(documentOffset(good.subarray(0, 30))).toBeLessThan(0);
  for (let i = 0; i < 30; i++) {
    const bad = Buffer.from(good);
    bad[i]! ^= 0x02;
    const alone = Buffer.from(bad);
    // A changed letter may still be a good header in another case; what counts is that memory does not change the answer.
    documentOffset(good);
    const remembered = documentOffset(bad);
    documentOffset(Buffer.from('{"format": "json", "version": 1}\n{}'));
    expect(documentOffset(alone)).toBe(remembered);
  }
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
  const member = fc.tuple(fc.constantFrom('format', 'FORMAT', 'version', 'other', 'a"b'), fc.constantFrom('"json"', '"JSON"', '1', '2', '1.0', 'null', '[]', '{"version":1}'));
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
