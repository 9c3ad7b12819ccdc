import './browser-globals.ts';
import { expect, test } from 'vitest';
import { copied } from '../../ui/src/copy.tsx';
import { decodedUrl, visible } from '../../ui/src/visible.ts';

test('shows control characters as numbers, and keeps characters that scripts need', () => {
  expect(visible('exe\u202Egnp.scr')).toBe('exe⟨U+202E⟩gnp.scr');
  for (const code of [
    0x00, 0x07, 0x1b, 0x7f, 0x9b, 0x061c, 0x200b, 0x200e, 0x200f, 0x2028, 0x202a, 0x202d, 0x2066, 0x2069, 0xfeff,
  ])
    expect(visible(String.fromCharCode(code))).toBe(`⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`);
  for (const text of ['a\tb\nc', 'שלום', '日本語', '👩\u200d💻', 'می\u200cخواهم', 'naïve'])
    expect(visible(text)).toBe(text);
});

test('copies control characters as shown, and in JSON as equivalent escapes', () => {
  const text = 'rm \u202E/tmp\u001b[2J';
  expect(copied({ text })).toBe('rm ⟨U+202E⟩/tmp⟨U+001B⟩[2J');
  const json = JSON.stringify({ text });
  expect(copied({ text: json, isJson: true })).toBe('{"text":"rm \\u202e/tmp\\u001b[2J"}');
  expect(JSON.parse(copied({ text: json, isJson: true }))).toEqual({ text });
});

test.each([
  ['/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7/7', '/заказ/7'],
  ['/a%2Fb?next=%2Fcart%3Fx&q=a%26b', '/a%2Fb?next=%2Fcart%3Fx&q=a%26b'],
  ['/a%20b', '/a%20b'],
  ['/100%25', '/100%25'],
  ['/%2541', '/%2541'],
  ['/%E0%A4%A', '/%E0%A4%A'],
  ['/%FF', '/%FF'],
  ['/%E2%80%AEgnp', '/%E2%80%AEgnp'],
  ['/%0A%00%1b', '/%0A%00%1B'],
  ['/%', '/%'],
  ['/%41%62', '/Ab'],
  ['/plain?a=1', '/plain?a=1'],
])('the address %s is shown as %s', (url, shown) => {
  expect(decodedUrl(url)).toBe(shown);
});
