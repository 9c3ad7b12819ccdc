import { compareNumbers, type Exact } from '../json/exact-number.ts';
import type { Operator, Value, WordOperator } from './expression.ts';

const TEXT_COMPARISONS: Readonly<Record<WordOperator, (found: string, asked: string) => boolean>> = {
  contains: (found, asked) => found.includes(asked),
  beginswith: (found, asked) => found.startsWith(asked),
  endswith: (found, asked) => found.endsWith(asked),
};

/**
 * Compares a value that was found with the one in the expression. Different types are not an error; they just do not
 * match.
 */
export function compare(found: Value, operator: Operator, asked: Value): boolean {
  // An expression may write a boolean as a text.
  if (typeof found === 'boolean' && typeof asked === 'string' && (operator === '=' || operator === '!=')) {
    return compare(String(found), operator, asked.toLowerCase());
  }
  if (isNumber(found)) return isNumber(asked) && isOrder(compareNumbers(found, asked), operator);
  switch (operator) {
    case '=':
      return found === asked;
    case '!=':
      return typeof found === typeof asked && found !== asked;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return false;
    default:
      return typeof found === 'string' && typeof asked === 'string' && TEXT_COMPARISONS[operator](found, asked);
  }
}

function isNumber(value: Value): value is number | Exact {
  return typeof value === 'number' || typeof value === 'object';
}

/** Whether `order`, less than, equal to or greater than 0, satisfies `operator`. */
function isOrder(order: number, operator: Operator): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return false;
  }
}

/**
 * Whether `found` contains `pattern`: each given member must be equal, members that are not given match anything, and
 * the elements of a list must occur in the same order. Source: X-Ray developer guide, rootcause.json.
 */
export function contains(found: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    if (!Array.isArray(found)) return false;
    let at = 0;
    for (const element of pattern) {
      while (at < found.length && !contains(found[at], element)) at++;
      if (at++ >= found.length) return false;
    }
    return true;
  }
  if (typeof pattern === 'object' && pattern !== null) {
    if (typeof found !== 'object' || found === null) return false;
    const members = new Map<string, unknown>(Object.entries(found));
    return Object.entries(pattern).every(([key, value]) => members.has(key) && contains(members.get(key), value));
  }
  return found === pattern;
}
