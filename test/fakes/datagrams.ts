import { HEADER } from './fixtures.ts';

const latin = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Ways to write each member of the header, with the other one correct. */
const FORMATS = [
  '"json"',
  '"JSON"',
  '"Json"',
  '"js\\u006fn"',
  '"json "',
  '" json"',
  '"jso"',
  '"jsonn"',
  '""',
  'json',
  "'json'",
  'null',
  'true',
  '1',
  '["json"]',
  '{"json":1}',
  '"j\\/son"',
  '"j\u017fon"',
];
const VERSIONS = [
  '1',
  '01',
  '1.0',
  '1e0',
  '10e-1',
  '1E0',
  '+1',
  '-1',
  '0',
  '2',
  '1.5',
  '"1"',
  'true',
  'null',
  '[1]',
  '{}',
  '',
  '99999999999999999999',
  '1 ',
  '0x1',
  '1_0',
  'NaN',
];
const KEYS = [
  'format',
  'Format',
  'FORMAT',
  'fOrMaT',
  'f\\u006frmat',
  'format ',
  ' format',
  'formats',
  'forma',
  '',
  'ver\u017fion',
];
const BLANKS = ['', ' ', '\t', '\r', '  \t ', '\v', '\f', '\xa0', '\0', '\x1f', '\ufeff'];
const EXTRAS = [
  '"a":1',
  '"a":null',
  '"a":"}"',
  '"a":"\\""',
  '"a":"\\\\"',
  '"a":{"format":"no"}',
  '"a":[[[]]]',
  '"a":"\\u0000"',
  '"a":"\\ud800"',
  '"a":"\\x"',
  '"a":"\t"',
  '"a":01',
  '"a":1.',
  '"a":.5',
  '"a":1e',
  '"a":-',
  '"a":tru',
  '"a"',
  '"a":',
  ':1',
  '//x',
  '/**/',
  '"Format":"xml"',
  '"format":"xml"',
  '"VERSION":2',
  '"version":1.0',
  '"format":null',
  '"version":"1"',
];
const ENDS = ['\n', '\r\n', '\n\n', '\r', '\n\r', ' \n', '\0\n', '\u2028', '\u0085\n', ''];
const DOCUMENTS: (string | Buffer)[] = ['{}', 'x', '', '\n', ' ', '\0', '"', '\\', '\t', '\r\n', '{}\n', '\n{}', '{}\0', 'é', '€', '😀', '\u2028\u2029', '<>&\'"/', '\ufeff{}', '\x7f\x1b', latin('\xff'), latin('\xc3'), latin('\xc3\x28'), latin('\xed\xa0\x80'), latin('\xf0\x9f\x98'), latin('\xc0\xaf'), latin('a\x80b'), 'x'.repeat(1_000), `{"a":"${'é'.repeat(20_000)}"}`, 'y'.repeat(60_000), HEADER, `${HEADER}{}`]; // prettier-ignore

/** Datagrams that differ in one detail each; the number in a document identifies its datagram. */
export function variants(): Buffer[] {
  let n = 0;
  const document = (): string => `{"n":${n++}}`;
  const withHeader = (header: string): Buffer => Buffer.from(`${header}\n${document()}`);
  return [
    ...FORMATS.map((format) => withHeader(`{"format":${format},"version":1}`)),
    ...VERSIONS.map((version) => withHeader(`{"format":"json","version":${version}}`)),
    ...VERSIONS.map((version) => withHeader(`{"version":${version},"format":"json"}`)),
    ...KEYS.map((key) => withHeader(`{"${key}":"json","version":1}`)),
    ...KEYS.map((key) =>
      withHeader(
        `{"${key.replace('format', 'version').replace('Format', 'Version').replace('FORMAT', 'VERSION')}":1,"format":"json"}`,
      ),
    ),
    ...BLANKS.flatMap((blank) => [
      withHeader(`${blank}{"format":"json","version":1}`),
      withHeader(`{"format":"json","version":1}${blank}`),
      withHeader(`{${blank}"format"${blank}:${blank}"json"${blank},${blank}"version"${blank}:${blank}1${blank}}`),
      withHeader(`{"format":"json${blank}","version":1}`),
    ]),
    ...EXTRAS.flatMap((extra) => [
      withHeader(`{${extra},"format":"json","version":1}`),
      withHeader(`{"format":"json","version":1,${extra}}`),
    ]),
    ...['', '{}', '[]', '{"format":"json","version":1', '"format":"json","version":1}', '{"format":"json","version":1}}', '{"format":"json","version":1}{}', '{"format":"json" "version":1}', '{"format":"json","version":1,}', '{,"format":"json","version":1}', "{'format':'json','version':1}", '{format:"json",version:1}', 'GET / HTTP/1.1\r', '\x16\x03\x01'].map(withHeader), // prettier-ignore
    ...ENDS.map((end) => Buffer.from(`{"format":"json","version":1}${end}${document()}`)),
    ...DOCUMENTS.map((text) => Buffer.concat([Buffer.from(HEADER), Buffer.from(text)])),
    Buffer.concat([latin('{"format":"json","version":1,"a":"\xff\xfe"}\n'), Buffer.from(document())]),
    Buffer.concat([latin('{"format":"json\xff","version":1}\n'), Buffer.from(document())]),
    Buffer.concat([latin('\xff{"format":"json","version":1}\n'), Buffer.from(document())]),
  ];
}
