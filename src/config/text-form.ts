import { itemsOf } from '../pipeline/list.ts';
import { isHostPattern } from './address.ts';
import type { TextOption } from './option.ts';
import { hintFor } from './suggestion.ts';

const MAX_QUOTED = 200;
const LISTS: ReadonlySet<TextOption['form']> = new Set(['list', 'hosts', 'calls', 'traces']);

/** Quotes external text in an error: on one line, with bounded length. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** The value of a text option, with a warning if it differs from the text; or a problem, worded to follow "--flag". */
export function checkText(
  spec: TextOption,
  text: string,
): { value: string | undefined; warning?: string } | { problem: string } {
  if (spec.choices !== undefined) return checkChoice(spec, spec.choices, text);
  if (spec.form === 'region') return checkRegion(text);
  if (spec.form === 'role') return checkRole(text);
  if (LISTS.has(spec.form) && text !== '' && itemsOf(text).length === 0) {
    return { problem: `is ${quoted(text)}, an empty list: omit it, or name at least one item` };
  }
  if (spec.form === 'list' && itemsOf(text).some((item) => /\p{Cc}/u.test(item) || isUnexpanded(item)))
    return odd(text);
  // A line of a log may contain tabs.
  if (spec.form === 'traces' && (/[^\P{Cc}\t\r\n]/u.test(text) || itemsOf(text).some(isUnexpanded))) return odd(text);
  if (spec.form === 'hosts') return checkHosts(text);
  if (spec.form === 'calls') return checkCalls(text);
  if (spec.form === 'account' && !/^\d{12}$/.test(text))
    return { problem: `is ${quoted(text)}, which is not a 12-digit account ID: ${hintAt(text)}` };
  // It must fit into a header.
  if (spec.form === 'token' && (!/^[\x21-\x7e]+$/.test(text) || isUnexpanded(text)))
    return {
      problem: `contains a blank, a line break or another character that is not allowed in a header: ${hintAt(text)}`,
    };
  if (spec.form === 'path' && text === 'off') return OFF;
  // A name or a path is one line; a filter expression may have several.
  if ((spec.form === 'name' || spec.form === 'path') && (/\p{Cc}/u.test(text) || text.trim() !== text))
    return odd(text);
  // compat: the reference's own options accept it.
  if ((spec.form === 'name' || spec.form === 'path') && spec.fileKey === undefined && isUnexpanded(text))
    return odd(text);
  return { value: text };
}

/** For options that are off unless set: nobody means a file, a host or a path named "off". */
export const OFF = { problem: 'cannot be off: omit it, or leave it empty' };

function odd(text: string): { problem: string } {
  return { problem: `is ${quoted(text)}: ${hintAt(text)}` };
}

function checkChoice(spec: TextOption, choices: readonly string[], text: string): ReturnType<typeof checkText> {
  if (choices.includes(text)) return { value: text };
  if (spec.isLenient !== true) return { problem: `must be one of ${choices.join(', ')}, not ${quoted(text)}` };
  const word = text.toLowerCase() === 'warning' ? 'warn' : text.toLowerCase();
  const meant = choices.find((choice) => choice === word);
  if (meant !== undefined) return { value: meant };
  // compat: the reference keeps its default level.
  const hint = hintFor(word, choices);
  return {
    value: undefined,
    warning: `is ${quoted(text)}, which is not one of ${choices.join(', ')}: it is ignored${hint === '' ? '' : `.${hint}`}`,
  };
}

/** A path as in docs/configuration.md, or `all`. */
const CALL = /^\/?[\w./~%:-]+$/;

function checkCalls(text: string): ReturnType<typeof checkText> {
  if (text === 'off') return OFF;
  const wrong = itemsOf(text).find((item) => !CALL.test(item));
  if (wrong === undefined) return { value: text };
  return {
    problem: `must be paths of the X-Ray API, such as /TraceSummaries, or all, not ${quoted(wrong)}: ${hintAt(wrong)}`,
  };
}

function checkHosts(text: string): ReturnType<typeof checkText> {
  if (text === 'off') return OFF;
  const wrong = itemsOf(text).find((item) => !isHostPattern(item));
  if (wrong === undefined) return { value: text };
  return { problem: `must be host names, such as xray.example.com or .example.com, not ${quoted(wrong)}` };
}

/** A label of a host name, because endpoints and signatures contain the region. */
const REGION = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The same check for a region from any source. */
export function checkRegion(text: string): ReturnType<typeof checkText> {
  if (REGION.test(text)) return { value: text };
  if (REGION.test(text.toLowerCase()))
    return {
      value: text.toLowerCase(),
      warning: `is ${quoted(text)}: regions are lower-case, ${text.toLowerCase()} is used`,
    };
  return { problem: `is ${quoted(text)}, which is not a region such as us-east-1: ${hintAt(text)}` };
}

/** The ARN of a role; the pattern of RoleArn in STS's AssumeRole is less strict. */
const ROLE = /^arn:[\w-]+:iam::\d+:role\/[\x21-\x7e]+$/;

function checkRole(text: string): ReturnType<typeof checkText> {
  if (ROLE.test(text)) return { value: text };
  return {
    problem: `is ${quoted(text)}, which is not a role such as arn:aws:iam::123456789012:role/xray: ${hintAt(text)}`,
  };
}

/** Whether the text contains a variable that a shell, Compose or Kubernetes should have replaced. */
function isUnexpanded(text: string): boolean {
  return /\$\{\w+\}|\$\(\w+\)|\{\{/.test(text);
}

/** The likely cause of a text that no person would write. */
export function hintAt(text: string): string {
  if (isUnexpanded(text) || /\$\{|\$\(|^\$\w|^%\w+%$/.test(text)) return 'the variable in it was not replaced';
  if (/[\r\n]/.test(text)) return 'a line break came with it. Was it read from a file?';
  if (text.trim() !== text) return 'it has a leading or trailing blank';
  if (/^["'].*["']$/s.test(text)) return 'the quotes are part of the value';
  return 'check where it is set';
}
