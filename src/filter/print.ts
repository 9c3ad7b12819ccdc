import type { Expression, Field, Selector, Value } from './expression.ts';

/** The expression as text, in canonical form: `printFilter(parseFilter(text))` parses to the same expression. */
export function printFilter(expression: Expression): string {
  switch (expression.kind) {
    case 'and':
      return expression.of.map(inner).join(' AND ');
    case 'or':
      return expression.of.map(inner).join(' OR ');
    case 'not':
      return `!${inner(expression.of)}`;
    case 'exists':
      return fieldText(expression.field);
    case 'compare':
      return `${fieldText(expression.field)} ${expression.operator.toUpperCase()} ${valueText(expression.value)}`;
    case 'service':
      return `service(${selectorText(expression.at)})${bodyText(expression.body)}`;
    case 'edge':
      return `edge(${selectorText(expression.from)}, ${selectorText(expression.to)})${bodyText(expression.body)}`;
    case 'rootcause':
      return `rootcause.${expression.cause}.${expression.level}${bodyText(expression.body)}`;
    case 'rootcause.json':
      return `rootcause.json ${expression.isEqual ? '=' : '!='} #${JSON.stringify(expression.json)}`;
  }
}

function inner(expression: Expression): string {
  const text = printFilter(expression);
  return expression.kind === 'and' || expression.kind === 'or' || expression.kind === 'compare' ? `(${text})` : text;
}

function bodyText(body: Expression | undefined): string {
  return body === undefined ? '' : ` { ${printFilter(body)} }`;
}

/** A keyword, with its key if it has one. */
export function fieldText({ keyword, key }: Field): string {
  if (key === undefined) return keyword;
  if (/^\w+$/.test(key)) return `${keyword}.${key}`;
  return `${keyword}[${/^[^\s"\]](?:[^\n"\]]*[^\s"\]])?$/.test(key) ? key : JSON.stringify(key)}]`;
}

function valueText(value: Value): string {
  return typeof value === 'object' ? value.exact : JSON.stringify(value);
}

function selectorText(selector: Selector): string {
  const { name, type, accountId } = selector;
  if (type === undefined && accountId === undefined) return name === undefined ? 'id()' : valueText(name);
  const members = [
    ['name', name],
    ['type', type],
    ['account.id', accountId],
  ].flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${valueText(value)}`]));
  return `id(${members.join(', ')})`;
}
