import { globSync, readFileSync } from 'node:fs';
import { slugOf } from '../../website/slug.ts';

/** A fenced block of a document. */
export interface Block {
  readonly document: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly marker: Marker;
}

/**
 * What is done with a block of shell commands. It is in an HTML comment on the line before the fence:
 * `<!-- not run: REASON -->`, or `<!-- run: until "TEXT" -->` for a command that does not end by itself. Without a
 * comment, the block is run to its end.
 */
export type Marker =
  | { readonly kind: 'run' }
  | { readonly kind: 'until'; readonly text: string }
  | { readonly kind: 'not run'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly comment: string };

/** Languages of blocks that are commands; in `console`, only lines that begin with `$ `. */
const SHELL = new Set(['sh', 'bash', 'shell', 'console']);

/** Every document for users and contributors, as paths from the root. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...globSync('docs/**/*.md').sort(),
];

export const textOf = (document: string): string => readFileSync(document, 'utf8');

export const isShell = ({ language }: Block): boolean => SHELL.has(language);

/** The commands of a block of shell. */
export function commandsOf({ language, text }: Block): string {
  if (language !== 'console') return text;
  return text
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.slice(2))
    .join('\n');
}

/** The fenced blocks of a document, also those in lists. */
export function blocksOf(document: string): Block[] {
  const lines = textOf(document).split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, indent, fence, language] = /^( *)(`{3,})(.*)$/.exec(lines[at] ?? '') ?? [];
    if (indent === undefined || fence === undefined) continue;
    const end = lines.indexOf(`${indent}${fence}`, at + 1);
    if (end < 0) throw new Error(`${document}:${at + 1}: the block has no end`);
    const text = lines
      .slice(at + 1, end)
      .map((line) => line.slice(indent.length))
      .join('\n');
    blocks.push({ document, line: at + 1, language: language ?? '', text, marker: markerOf(lines[at - 1] ?? '') });
    at = end;
  }
  return blocks;
}

function markerOf(line: string): Marker {
  const comment = /^ *<!-- (.*) -->$/.exec(line)?.[1];
  if (comment === undefined) return { kind: 'run' };
  const reason = /^not run: (.{8,})$/.exec(comment)?.[1];
  if (reason !== undefined) return { kind: 'not run', reason };
  const text = /^run: until "(.+)"$/.exec(comment)?.[1];
  return text === undefined ? { kind: 'unreadable', comment } : { kind: 'until', text };
}

/** The lines of a document outside of its fenced blocks, with their numbers from 1. */
export function proseOf(document: string): { readonly line: number; readonly text: string }[] {
  let fence: string | undefined;
  return textOf(document)
    .split('\n')
    .flatMap((text, at) => {
      const mark = /^ *(`{3,})/.exec(text)?.[1];
      if (mark !== undefined && (fence === undefined || fence === mark)) {
        fence = fence === undefined ? mark : undefined;
        return [];
      }
      return fence === undefined ? [{ line: at + 1, text }] : [];
    });
}

/** The anchors of a document's headings, as GitHub makes them; docs:site makes the same. */
export function anchorsOf(document: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const { text } of proseOf(document)) {
    const title = /^#{1,6} +(.*)$/.exec(text)?.[1];
    if (title === undefined) continue;
    const base = slugOf(title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const times = seen.get(base) ?? 0;
    seen.set(base, times + 1);
    anchors.add(times === 0 ? base : `${base}-${times}`);
  }
  return anchors;
}
