import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { list } from '../live.ts';
import { insteadOf, pairOf } from './instead.ts';
import { problemOf, readingOf } from './reading.ts';

/** Ranks below all keywords that start with the typed text. */
const LAST = -500;

/** Offers expressions that replace the text; Enter without a choice searches for the text. */
export function completeText({ state, pos }: CompletionContext): CompletionResult | null {
  const written = state.doc.toString();
  const reading = readingOf(written);
  // With a dot or a parenthesis at its end it is the beginning of a condition.
  if (reading.kind !== 'text' || pos !== written.length || /[.(]$/.test(written)) return null;
  const options = expressionsFor(reading.text)
    .filter(mayMatch)
    .map((expression, i): Completion => ({
      label: written,
      displayLabel: expression,
      apply: expression,
      boost: LAST - i,
    }));
  return options.length === 0 ? null : { from: 0, options };
}

/** A text is rarely the whole name of a service, and the names that contain it are offered anyway. */
function mayMatch(expression: string): boolean {
  const [, name] = /^service\(("(?:[^"\\]|\\.)*")\)$/.exec(expression) ?? [];
  return name === undefined || list.rows.some(({ services }) => services.includes(String(JSON.parse(name))));
}

/** Expressions similar to a text search, best first. */
export function expressionsFor(text: string): string[] {
  const pair = pairOf(text);
  const found = [...insteadOf(text)];
  if (/^[1-5]\d\d$/.test(text)) found.push(`http.status = ${text}`);
  const isPath = /[/?&]/.test(text);
  if (/^(?:\w+\.)*\w*(?:Exception|Error)$/.test(text))
    found.push(`rootcause.fault.exception { name = ${JSON.stringify(text)} }`);
  if (!isPath && pair === undefined) found.push(`service(${JSON.stringify(text)})`);
  const url = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\S+)$/.exec(text)?.[1] ?? text;
  if (!/\s/.test(url) && pair === undefined) found.push(`http.url CONTAINS ${JSON.stringify(url)}`);
  if (!isPath && pair === undefined && /^[\w.@+-]*[\d@][\w.@+-]*$/.test(text))
    found.push(`user = ${JSON.stringify(text)}`);
  return [...new Set(found)].filter((expression) => problemOf(expression) === undefined);
}
