import type { Expression } from './expression.ts';

/** Matches every trace, like the group Default. */
const ALL: Expression = { kind: 'and', of: [] };
const NONE: Expression = { kind: 'or', of: [] };
const MAX_DEPTH = 10;
/** Groups that refer to other groups grow exponentially: 25 of them could expand to more terms than fit into memory. */
const MAX_TERMS = 10_000;

/** The expression is too large with its groups expanded. */
export class ExpansionError extends Error {}

/** Replaces `group.name` and `group.arn` by the groups' expressions; a group that does not exist matches nothing. */
export function expandGroups(
  expression: Expression,
  find: (keyword: 'group.name' | 'group.arn', value: string) => Expression | null | undefined,
  depth = 0,
  terms = { left: MAX_TERMS },
): Expression {
  if (--terms.left < 0) throw new ExpansionError(`The expression has more than ${MAX_TERMS} terms with its groups`);
  switch (expression.kind) {
    case 'and':
    case 'or':
      return { kind: expression.kind, of: expression.of.map((each) => expandGroups(each, find, depth, terms)) };
    case 'not':
      return { kind: 'not', of: expandGroups(expression.of, find, depth, terms) };
    case 'exists':
      return isGroup(expression.field.keyword) ? ALL : expression;
    case 'compare': {
      const { field, operator, value } = expression;
      if (!isGroup(field.keyword)) return expression;
      const isPossible = (operator === '=' || operator === '!=') && typeof value === 'string' && depth < MAX_DEPTH;
      const group = isPossible ? find(field.keyword, value) : undefined;
      if (group === undefined) return NONE;
      const expanded = group === null ? ALL : expandGroups(group, find, depth + 1, terms);
      return operator === '=' ? expanded : { kind: 'not', of: expanded };
    }
    default:
      return expression;
  }
}

function isGroup(keyword: string): keyword is 'group.name' | 'group.arn' {
  return keyword === 'group.name' || keyword === 'group.arn';
}
