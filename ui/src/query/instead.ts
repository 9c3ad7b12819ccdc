import { serviceOrEdgeMeantBy } from './fields.ts';
import { problemOf } from './reading.ts';

/** What people write for what X-Ray has a condition for; in such traces the word itself mostly stands nowhere. */
const CONDITIONS: readonly (readonly [words: RegExp, condition: string])[] = [
  [/^(?:(?:all|only) )?(?:errors?|faults?|fail(?:ed|ing|ures?|s)?|exceptions?|broken|crash(?:ed|es)?)$/i, 'fault OR error'],
  [/^(?:too )?(?:slow(?:er|est)?|latency|long|timeouts?|timed out)$/i, 'duration > 1'],
  [/^(?:throttl(?:e|es|ed|ing)|rate limit(?:ed|s)?)$/i, 'service() { throttle }'],
  [/^(?:running|live|pending|open|unfinished|in progress)$/i, 'partial'],
  [/^(?:success(?:ful|es)?|succeeded|okay)$/i, 'ok'],
];
/** Of traces or of calls: that is what is searched for anyway. */
const WHAT = /\s+(?:traces?|requests?|calls?)$/i;

/** Conditions that say what was probably meant by a text that was found nowhere. */
export function insteadOf(text: string): string[] {
  const asked = text.trim().replace(WHAT, '');
  const meant = CONDITIONS.filter(([words, condition]) => words.test(asked) && condition !== asked).map(([, condition]) => condition);
  const call = /^(\w+)(\s*\(.*)$/s.exec(asked);
  const keyword = call === null ? undefined : serviceOrEdgeMeantBy(call[1]!);
  return [...meant, ...(keyword === undefined ? [] : [`${keyword}${call![2]!}`])].filter((condition) => problemOf(condition) === undefined);
}

/** How many hex digits an X-Ray trace id is short of, when a text is the beginning of one; undefined when it is none. */
export function missingDigits(text: string): number | undefined {
  const digits = /^(?:root=)?1-[0-9a-f]{8}-([0-9a-f]{1,23})$/i.exec(text.trim())?.[1];
  return digits === undefined ? undefined : 24 - digits.length;
}
