import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { printFilter } from '../../../src/xray/filter/print.ts';
import { seenServices } from './completion.ts';
import { meantBy } from './fields.ts';
import { insteadOf } from './instead.ts';
import { mistakeIn } from './mistake.ts';
import { problemOf, readingOf } from './reading.ts';

/** Below all keywords that begin with what is written. */
const LAST = -500;

/** Offers expressions for a text: they take its place, and Enter alone searches the text. */
export function completeText({ state, pos }: CompletionContext): CompletionResult | null {
  const written = state.doc.toString();
  const reading = readingOf(written);
  if (reading.kind !== 'text' || pos !== written.length) return null;
  // A service of a trace on the screen is offered as what completes its name.
  const seen = new Set(/\s/.test(written) ? [] : seenServices());
  const expressions = expressionsFor(reading.text).filter((expression) => !seen.has(expression));
  const options = expressions.map((expression, i): Completion => ({
    label: written,
    displayLabel: expression,
    apply: expression,
    boost: LAST - i,
  }));
  return options.length === 0 ? null : { from: 0, options };
}

/** Expressions that come near to what a text looks for, the nearest first. */
export function expressionsFor(text: string): string[] {
  const pair = /^([a-z_][\w.-]*)\s*[=:]\s*([^\s=:/][^\s=]*)$/i.exec(text);
  const found = [...insteadOf(text), ...(pair === null ? [] : pairExpressions(pair[1]!, pair[2]!))];
  if (/^[1-5]\d\d$/.test(text)) found.push(`http.status = ${text}`);
  const isPath = /[/?&]/.test(text);
  if (/^(?:\w+\.)*\w*(?:Exception|Error)$/.test(text)) found.push(`rootcause.fault.exception { name = ${JSON.stringify(text)} }`);
  if (!isPath && pair === null) found.push(`service(${JSON.stringify(text)})`);
  const url = /^(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\S+)$/.exec(text)?.[1] ?? text;
  if (!/\s/.test(url) && pair === null) found.push(`http.url CONTAINS ${JSON.stringify(url)}`);
  if (!isPath && pair === null && /^[\w.@+-]*[\d@][\w.@+-]*$/.test(text)) found.push(`user = ${JSON.stringify(text)}`);
  return [...new Set(found)].filter((expression) => problemOf(expression) === undefined);
}

function pairExpressions(name: string, value: string): string[] {
  if (/^(service|name)$/i.test(name)) return [`service(${JSON.stringify(value)})`];
  const meant = meantBy(name);
  const written = `${meant ?? name} = ${value}`;
  if (meant !== undefined) return problemOf(written) === undefined ? [written] : [mistakeIn(written)?.remedy ?? ''];
  const number = Number(value);
  const asked = /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : /^[+-]?\d/.test(value) && Number.isFinite(number) ? number : value;
  return [printFilter({ kind: 'compare', field: { keyword: 'annotation', key: name }, operator: '=', value: asked })];
}
