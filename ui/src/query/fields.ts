import { BOOLEANS, CAUSES, KEYWORDS } from '../../../src/filter/expression.ts';

/** Keywords that take a number. */
export const NUMBERS: ReadonlySet<string> = new Set(['responsetime', 'duration', 'http.status', 'index', 'coverage']);
/** Keywords that take seconds. */
export const SECONDS: ReadonlySet<string> = new Set(['responsetime', 'duration']);

const FIELDS: ReadonlySet<string> = new Set([
  ...KEYWORDS.trace.filter((keyword) => keyword !== 'annotation'),
  ...KEYWORDS.edge.filter((keyword) => !keyword.endsWith('annotation')),
  'groupname',
  'grouparn',
]);

/** Other names for keywords, mostly from other query languages. */
const ALIASES: Readonly<Record<string, string>> = {
  status: 'http.status',
  statuscode: 'http.status',
  status_code: 'http.status',
  'http.status_code': 'http.status',
  'http.response.status_code': 'http.status',
  code: 'http.status',
  url: 'http.url',
  path: 'http.url',
  uri: 'http.url',
  'http.target': 'http.url',
  'url.path': 'http.url',
  'url.full': 'http.url',
  method: 'http.method',
  'http.request.method': 'http.method',
  ip: 'http.clientip',
  clientip: 'http.clientip',
  client_ip: 'http.clientip',
  useragent: 'http.useragent',
  user_agent: 'http.useragent',
  latency: 'responsetime',
  time: 'duration',
  arn: 'resource.arn',
  group: 'group.name',
  userid: 'user',
  user_id: 'user',
  zone: 'availabilityzone',
  errors: 'error',
  faults: 'fault',
  throttled: 'throttle',
  throttles: 'throttle',
};

/** `annotation.KEY` or `annotation[KEY]`, also with `source.` or `destination.`. */
export function isAnnotation(word: string): boolean {
  return /^(?:(?:source|destination)\.)?annotation(?:\.[\w.:-]+|\[[^\]]+\])$/i.test(word);
}

/** Whether a word is a keyword of traces, services or edges. */
export function isField(word: string): boolean {
  return FIELDS.has(word.toLowerCase()) || isAnnotation(word);
}

export function isCause(word: string): boolean {
  return CAUSES.has(word.toLowerCase());
}

export function isBoolean(word: string): boolean {
  return BOOLEANS.has(word.toLowerCase());
}

/** The keyword that was probably meant by `word`: an alias or a typo. */
export function meantBy(word: string): string | undefined {
  const lower = word.toLowerCase();
  const plural = /^annotations(?=[.[])/i;
  if (plural.test(word)) return word.replace(plural, 'annotation');
  if (Object.hasOwn(ALIASES, lower)) return ALIASES[lower];
  if (lower.length < 4) return undefined;
  const most = lower.length > 6 ? 2 : 1;
  return [...FIELDS].find((field) => field.length > 3 && distance(field, lower, most) <= most);
}

/** `service` or `edge`, if `word` is a typo of it. */
export function serviceOrEdgeMeantBy(word: string): string | undefined {
  const lower = word.toLowerCase();
  return [['service', 2] as const, ['edge', 1] as const].find(
    ([name, most]) => name !== lower && distance(name, lower, most) <= most,
  )?.[0];
}

/** Damerau-Levenshtein distance between `a` and `b`; `most` + 1 if it exceeds `most`. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [before, last]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}

/** Units of time, in seconds. */
export const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  sec: 1,
  secs: 1,
  m: 60,
  min: 60,
  h: 3_600,
};
/** Operators of other query languages, with X-Ray's closest equivalent. */
export const FOREIGN_OPERATORS: Readonly<Record<string, string>> = {
  '==': '=',
  '<>': '!=',
  '=~': 'CONTAINS',
  '~': 'CONTAINS',
  ':': '=',
  is: '=',
  like: 'CONTAINS',
  ilike: 'CONTAINS',
  matches: 'CONTAINS',
  includes: 'CONTAINS',
  startswith: 'BEGINSWITH',
};
