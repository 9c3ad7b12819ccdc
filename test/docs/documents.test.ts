import { existsSync, globSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, blocksOf, DOCUMENTS, isShell, proseOf, textOf } from './markdown.ts';

/** The index itself, and decisions, which have an index of their own. */
const IN_OTHER_INDEX = /^docs\/(?:decisions\/|README\.md)/;

const LINK = /!?\[[^\]]*\]\(([^)\s]+)\)/g;

test('every block of a document has a language, and nothing is code by its indent', () => {
  const problems = DOCUMENTS.flatMap((document) => [
    ...blocksOf(document)
      .filter(({ language }) => language === '')
      .map(({ line }) => `${document}:${line}: the block has no language`),
    ...indentedCodeOf(document).map((line) => `${document}:${line}: use a fence with a language, such as sh or text`),
  ]);
  expect(problems).toEqual([]);
});

test('every block of commands is run, or says why not, and the tests that the reasons name exist', () => {
  const problems = DOCUMENTS.flatMap((document) =>
    blocksOf(document)
      .filter(isShell)
      .flatMap(({ line, marker }) => {
        if (marker.kind === 'unreadable') return [`${document}:${line}: cannot read <!-- ${marker.comment} -->`];
        if (marker.kind !== 'not run') return [];
        const named = marker.reason.match(/test\/[\w./-]*\w/g) ?? [];
        return named.filter((path) => !existsSync(path)).map((path) => `${document}:${line}: ${path} does not exist`);
      }),
  );
  expect(problems).toEqual([]);
});

test('every link between documents and to files of the repository leads somewhere', () => {
  const problems = DOCUMENTS.flatMap((document) =>
    proseOf(document).flatMap(({ line, text }) =>
      [...withoutCode(text).matchAll(LINK)]
        .map(([, target = '']) => ({ target, problem: problemOf(document, target) }))
        .filter(({ problem }) => problem !== undefined)
        .map(({ target, problem }) => `${document}:${line}: ${target} ${problem}`),
    ),
  );
  expect(problems).toEqual([]);
});

test('docs/README.md leads to every page', () => {
  const index = textOf('docs/README.md');
  const pages = globSync('docs/**/*.md').filter((path) => !IN_OTHER_INDEX.test(path));
  expect(pages.length).toBeGreaterThan(40);
  expect(pages.filter((path) => !index.includes(`(${path.slice('docs/'.length)}`))).toEqual([]);
});

function problemOf(document: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(file)) return 'does not exist';
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : 'has no such heading';
}

const withoutCode = (text: string): string => text.replaceAll(/`[^`]*`/g, '');

/** The first lines of blocks that are code because of four blanks before them; those in lists are text of the list. */
function indentedCodeOf(document: string): number[] {
  let isInList = false;
  let before = '';
  return proseOf(document).flatMap(({ line, text }) => {
    const isAfterBlank = before === '';
    before = text;
    if (/^\s*(?:[-*]|\d+\.) /.test(text)) isInList = true;
    else if (/^\S/.test(text)) isInList = false;
    return text.startsWith('    ') && isAfterBlank && !isInList ? [line] : [];
  });
}
