import type { Expression, Field, Operator, Value } from './expression.ts';
import { indexed, indexedTime, LOWEST_STATUS } from './terms.ts';

/** Traces that may match, as rows of the index `term(field, value, trace)`. */
export interface Condition {
  /** A condition on the columns `field` and `value`. */
  readonly where: string;
  readonly params: readonly (string | number)[];
  /** One field and one value: the index returns its traces in order. */
  readonly isEquality: boolean;
}

/** Satisfied if any of these is. */
export type Alternatives = readonly Condition[];

/**
 * Conditions for the index: every trace that matches `expression` satisfies all of them, and other traces may too.
 * None: the index cannot help. The predicate makes the final decision, so that both always agree.
 */
export function conditionsOf(expression: Expression): Alternatives[] {
  switch (expression.kind) {
    case 'and':
      return expression.of.flatMap(conditionsOf);
    case 'or': {
      // Each branch must be narrowed, by its first condition.
      const branches = expression.of.map((branch) => conditionsOf(branch)[0]);
      return branches.length > 0 && branches.every((branch) => branch !== undefined) ? [branches.flat()] : [];
    }
    case 'compare':
      return one(comparison(expression.field, expression.operator, expression.value));
    case 'exists':
      return one(existence(expression.field));
    case 'service': {
      const { name } = expression.at;
      return [...(name === undefined ? [] : [named(name)]), ...flagsIn(expression.body)];
    }
    case 'edge': {
      const names = [expression.from.name, expression.to.name].filter((name) => name !== undefined);
      return [...names.map(named), ...flagsIn(expression.body)];
    }
    case 'rootcause':
      if (expression.cause === 'responsetime') return [];
      return expression.cause === 'fault' ? [[flag('any.fault')]] : [[flag('any.error'), flag('any.throttle')]];
    case 'not':
    case 'rootcause.json':
      return [];
  }
}

function one(condition: Condition | undefined): Alternatives[] {
  return condition === undefined ? [] : [[condition]];
}

function named(name: string): Alternatives {
  return [equal('service', indexed(name))];
}

/** Within braces, the index only has the flags, without the service that they belong to. */
function flagsIn(body: Expression | undefined): Alternatives[] {
  switch (body?.kind) {
    case 'and':
      return body.of.flatMap(flagsIn);
    case 'exists':
      return FLAGS.has(body.field.keyword) ? [[flag(`any.${body.field.keyword}`)]] : [];
    case 'compare':
      return FLAGS.has(body.field.keyword) && body.operator === '=' && body.value === true
        ? [[flag(`any.${body.field.keyword}`)]]
        : [];
    default:
      return [];
  }
}

const FLAGS: ReadonlySet<string> = new Set(['fault', 'error', 'throttle']);
/** Indexed fields, by keyword. */
const INDEXED: Readonly<Record<string, string>> = {
  user: 'user',
  'resource.arn': 'resource.arn',
  'instance.id': 'instance.id',
  availabilityzone: 'availabilityzone',
  responsetime: 'root.responsetime',
  'http.status': 'root.http.status',
  'http.url': 'root.http.url',
};

function indexFieldOf({ keyword, key }: Field): string | undefined {
  return keyword === 'annotation' ? `annotation.${key}` : INDEXED[keyword];
}

function existence(field: Field): Condition | undefined {
  if (FLAGS.has(field.keyword)) return flag(`root.${field.keyword}`);
  const name = field.keyword === 'http.status' ? undefined : indexFieldOf(field);
  return name === undefined ? undefined : anyValue(name);
}

function comparison(field: Field, operator: Operator, value: Value): Condition | undefined {
  if (FLAGS.has(field.keyword)) return operator === '=' && value === true ? flag(`root.${field.keyword}`) : undefined;
  if (field.keyword === 'http.status') return statusComparison(operator, value);
  const name = indexFieldOf(field);
  if (name === undefined) return undefined;
  if (field.keyword === 'responsetime') return timeComparison(name, operator, value);
  const asked = indexed(value);
  switch (operator) {
    case '=':
      return typeof value === 'string' && /^(true|false)$/i.test(value)
        ? boolean(name, asked, value.toLowerCase() === 'true')
        : equal(name, asked);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return typeof asked === 'number' && typeof value !== 'boolean' ? range(name, operator, asked) : anyValue(name);
    case 'beginswith':
      // An indexed text may be longer than the given one, but not shorter, unless it was cut.
      return typeof value === 'string'
        ? { where: 'field = ? AND value >= ?', params: [name, asked], isEquality: false }
        : anyValue(name);
    default:
      return anyValue(name);
  }
}

/** The index only has the statuses of failures. */
function statusComparison(operator: Operator, value: Value): Condition | undefined {
  if (typeof value !== 'number' || value < LOWEST_STATUS) return undefined;
  if (operator === '=') return equal('root.http.status', value);
  return operator === '>' || operator === '>=' ? range('root.http.status', operator, value) : undefined;
}

/** Times in the index are rounded down. */
function timeComparison(name: string, operator: Operator, value: Value): Condition {
  if (typeof value !== 'number') return anyValue(name);
  if (operator === '>' || operator === '>=')
    return { where: 'field = ? AND value >= ?', params: [name, indexedTime(value)], isEquality: false };
  if (operator === '<' || operator === '<=')
    return { where: 'field = ? AND value <= ?', params: [name, value], isEquality: false };
  return anyValue(name);
}

function boolean(name: string, asked: string | number, isTrue: boolean): Condition {
  return { where: 'field = ? AND value IN (?, ?)', params: [name, asked, isTrue ? 1 : 0], isEquality: false };
}

function equal(name: string, value: string | number): Condition {
  return { where: 'field = ? AND value = ?', params: [name, value], isEquality: true };
}

/** The bound itself may match: it represents all numbers to which it is the nearest double. */
function range(name: string, operator: '<' | '<=' | '>' | '>=', value: number): Condition {
  return {
    where: `field = ? AND value ${operator.startsWith('<') ? '<=' : '>='} ?`,
    params: [name, value],
    isEquality: false,
  };
}

function anyValue(name: string): Condition {
  return { where: 'field = ?', params: [name], isEquality: false };
}

function flag(name: string): Condition {
  return equal(name, 1);
}
