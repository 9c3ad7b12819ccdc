import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import { BOOLEANS, CAUSES, KEYWORDS, OPERATORS, WORD_OPERATORS, type Scope } from '../../../src/filter/expression.ts';
import { fieldText } from '../../../src/filter/print.ts';
import { readSuggestions } from '../api.ts';
import { list } from '../live.ts';
import { NUMBERS } from './fields.ts';
import { problemOf } from './reading.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const STATUSES = [
  '200',
  '201',
  '204',
  '301',
  '302',
  '304',
  '400',
  '401',
  '403',
  '404',
  '409',
  '422',
  '429',
  '500',
  '502',
  '503',
  '504',
];
const EQUALITIES = ['=', '!='];
const TEXT_OPERATORS = [...EQUALITIES, ...WORD_OPERATORS.map((word) => word.toUpperCase())];
const NUMBER_OPERATORS = [...EQUALITIES, '<', '<=', '>', '>='];
const ANNOTATION_OPERATORS = OPERATORS.map((operator) => operator.toUpperCase());

/** Fields of the store's index that have the values of a keyword. */
const FIELDS: Readonly<Record<string, string>> = {
  'http.url': 'root.http.url',
  user: 'user',
  'resource.arn': 'resource.arn',
  'instance.id': 'instance.id',
  availabilityzone: 'availabilityzone',
};

const ABOUT: Readonly<Record<string, string>> = {
  ok: 'no fault, error or throttle',
  error: 'client error, a 4xx',
  throttle: 'too many requests, a 429',
  fault: 'server fault, a 5xx',
  partial: 'still running, or with parts missing',
  inferred: 'has a service that does not report',
  root: 'the entry of the trace',
  responsetime: 'seconds of the root segment',
  duration: 'seconds from first start to last end',
  annotation: 'a value that the application recorded, to search for',
  user: 'the user that the application recorded',
  version: 'of the service',
  name: 'of a service',
  type: 'of a service, such as AWS::Lambda::Function',
  availabilityzone: 'AWS zone that the service ran in',
  'instance.id': 'EC2 instance that the service ran on',
  'resource.arn': 'AWS resource that was called',
  'http.url': 'address of the request',
  'http.method': 'GET, POST, …',
  'http.status': 'number of the response, such as 500',
  'http.clientip': 'IP address of the client',
  'http.useragent': 'browser or program of the client',
  'group.name': 'X-Ray group that has the trace',
  'group.arn': 'ARN of such a group',
  'rootcause.json': 'root cause as X-Ray writes it',
};

/** What can be completed at the cursor. */
type Wanted =
  | { readonly kind: 'service'; readonly typed: string }
  | {
      readonly kind: 'value';
      readonly keyword: string;
      readonly key: string | undefined;
      readonly typed: string;
      readonly isQuoted: boolean;
    }
  | { readonly kind: 'key'; readonly typed: string }
  | { readonly kind: 'operator'; readonly keyword: string; readonly typed: string }
  | { readonly kind: 'join'; readonly typed: string }
  | { readonly kind: 'word'; readonly scope: Scope; readonly typed: string };

const NAME = String.raw`((?:source\.|destination\.)?annotation)(?:\.(\w[\w.:-]*)|\[([^\]]*)\])|([a-z][\w.]*)`;

/** What can be completed at the end of a text. */
export function wantedAt(before: string): Wanted {
  const [, service] = /(?:service|edge)\s*\((?:[^()]*,)?\s*"([^"]*)$/i.exec(before) ?? [];
  if (service !== undefined) return { kind: 'service', typed: service };
  const [, annotation, dotted, bracketed, plain, quote, typed] =
    new RegExp(`(?:${NAME})\\s*(?:!?=|[<>]=?|${WORD_OPERATORS.join('|')})\\s*("?)([^"\\s]*|[^"]*)$`, 'i').exec(
      before,
    ) ?? [];
  if (typed !== undefined && (quote === '"' || !/\s/.test(typed))) {
    const keyword = (annotation ?? plain ?? '').toLowerCase();
    return { kind: 'value', keyword, key: dotted ?? bracketed, typed, isQuoted: quote === '"' };
  }
  const [, key] = /annotation\.([\w.:-]*)$/i.exec(before) ?? [];
  if (key !== undefined) return { kind: 'key', typed: key };
  const operator = new RegExp(`(?:${NAME})\\s+([=!<>]*|[a-z]*)$`, 'i').exec(before);
  if (operator !== null && !/^(and|or|not)$/i.test(operator[4] ?? '') && !isComplete(before.slice(0, operator.index))) {
    return { kind: 'operator', keyword: (operator[1] ?? operator[4] ?? '').toLowerCase(), typed: operator[5] ?? '' };
  }
  const [, join] = /(?:["\])}]|\btrue|\bfalse|\d)\s+([a-z]*)$/i.exec(before) ?? [];
  if (join !== undefined) return { kind: 'join', typed: join };
  return { kind: 'word', scope: scopeAt(before), typed: /[\w.]*$/.exec(before)?.[0] ?? '' };
}

/** Whether the text ends with a complete condition, without AND or OR after it. */
function isComplete(before: string): boolean {
  return /(?:["\])}]|\btrue|\bfalse|\d)\s*$/i.test(before);
}

function scopeAt(before: string): Scope {
  const open = before.lastIndexOf('{');
  if (open <= before.lastIndexOf('}')) return 'trace';
  const head = before.slice(0, open);
  if (/edge\s*\([^{}]*\)\s*$/i.test(head)) return 'edge';
  return /service\s*\([^{}]*\)\s*$/i.test(head) ? 'service' : 'rootcause';
}

/**
 * Completes keywords, operators and values. After a complete condition, it offers completions only on request, because
 * the condition can be searched as it is. `isExplicit`: the user requested completions.
 */
export async function complete(
  context: CompletionContext,
  isExplicit = context.explicit,
): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(0, context.pos);
  const wanted = wantedAt(before);
  // Operators are still offered after a keyword that is usually compared, such as `duration`.
  const isGoingOn = /[\w.]$/.test(before) || (wanted.kind === 'operator' && !BOOLEANS.has(wanted.keyword));
  if (!isExplicit && before.trim() !== '' && problemOf(before) === undefined && !isGoingOn) return null;
  if (
    !isExplicit &&
    wanted.kind === 'word' &&
    wanted.typed === '' &&
    before.trim() !== '' &&
    !/(\s|[({!])$/.test(before)
  )
    return null;
  // completeText already offers a text as the name of a service.
  const isWritten = ({ label }: Completion, typed: string): boolean =>
    label === typed || (before.trim() === typed && label === `service("${typed}")`);
  const options = (await optionsFor(wanted)).filter(
    (option) => !isWritten(option, wanted.typed) && has(option, wanted.typed),
  );
  if (options.length === 0) return null;
  // A fully typed completion is not offered; other completions are requested again.
  return {
    from: context.pos - wanted.typed.length,
    options,
    filter: true,
    // Requests new completions if none contains the typed text: CodeMirror would offer fuzzy matches.
    validFor: (typed: string) =>
      /^[\w.]*$/.test(typed) &&
      !options.some(({ label }) => label === typed || label === `service("${typed}")`) &&
      options.some((option) => has(option, typed)),
  };
}

function has({ label }: Completion, typed: string): boolean {
  return label.toLowerCase().includes(typed.toLowerCase());
}

async function optionsFor(wanted: Wanted): Promise<Completion[]> {
  switch (wanted.kind) {
    case 'service':
      return (await values('service', wanted.typed)).map((name) => ({ label: String(name), apply: `${name}")` }));
    case 'key':
      return (await values('', '')).map((name) => keyOption(String(name)));
    case 'value':
      return valuesFor(wanted);
    case 'operator':
      return operatorsOf(wanted.keyword).map((label) => ({ label, apply: `${label} ` }));
    case 'join':
      return ['AND', 'OR'].map((label) => ({ label, apply: `${label} ` }));
    case 'word':
      return words(wanted.scope);
  }
}

/** A key that is not a word is written in brackets instead of after a dot. */
function keyOption(key: string): Completion {
  if (/^\w+$/.test(key)) return { label: key };
  const apply = (view: EditorView, _option: Completion, from: number, to: number): void => {
    const insert = fieldText({ keyword: '', key });
    view.dispatch({ changes: { from: from - 1, to, insert }, selection: { anchor: from - 1 + insert.length } });
  };
  return { label: key, apply };
}

function operatorsOf(keyword: string): readonly string[] {
  if (BOOLEANS.has(keyword)) return [...EQUALITIES, 'AND', 'OR'];
  if (NUMBERS.has(keyword)) return NUMBER_OPERATORS;
  return keyword.endsWith('annotation') ? ANNOTATION_OPERATORS : TEXT_OPERATORS;
}

async function valuesFor({ keyword, key, typed, isQuoted }: Extract<Wanted, { kind: 'value' }>): Promise<Completion[]> {
  const quote = (value: string): Completion => ({
    label: value,
    apply: isQuoted ? `${value}"` : JSON.stringify(value),
  });
  const plain = (label: string): Completion => ({ label });
  if (BOOLEANS.has(keyword)) return isQuoted ? [] : ['true', 'false'].map(plain);
  if (keyword === 'http.method') return METHODS.map(quote);
  if (keyword === 'http.status') return isQuoted ? [] : STATUSES.map(plain);
  const field = keyword.endsWith('annotation') ? `annotation.${key ?? ''}` : FIELDS[keyword];
  if (field === undefined) return [];
  const found = await values(field, isQuoted ? typed : '');
  return found.flatMap((value) =>
    typeof value === 'string' ? [quote(value)] : isQuoted ? [] : [plain(String(value))],
  );
}

async function values(field: string, prefix: string): Promise<readonly (string | number)[]> {
  try {
    return await readSuggestions(field, prefix);
  } catch {
    return [];
  }
}

/** Conditions for the services of the newest traces. */
function seenServices(): string[] {
  const names = new Set(list.rows.slice(0, 200).flatMap((row) => row.services));
  return [...names].slice(0, 10).map((name) => `service("${name}")`);
}

function words(scope: Scope): Completion[] {
  const keywords = KEYWORDS[scope].map((keyword): Completion => {
    const isAnnotation = keyword.endsWith('annotation');
    const isBoolean = BOOLEANS.has(keyword);
    return {
      label: keyword,
      apply: isAnnotation ? `${keyword}.` : isBoolean ? keyword : `${keyword} `,
      ...about(keyword),
    };
  });
  if (scope !== 'trace') return keywords;
  return [
    { label: 'service(', apply: 'service("', detail: 'traces that a service took part in', boost: 2 },
    { label: 'edge(', apply: 'edge("', detail: 'calls from one service to another', boost: 1 },
    ...seenServices().map((label): Completion => ({ label })),
    ...keywords,
    ...[...CAUSES.keys()].map((label): Completion => ({ label, apply: `${label} { `, boost: -1 })),
    { label: 'NOT', apply: 'NOT ', boost: -1 },
  ];
}

function about(keyword: string): { detail?: string } {
  return ABOUT[keyword] === undefined ? {} : { detail: ABOUT[keyword] };
}
