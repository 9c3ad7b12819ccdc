import type { SyntaxNode, Tree } from '@lezer/common';
import {
  BOOLEANS,
  CAUSES,
  KEYWORDS,
  OPERATORS,
  type Expression,
  type Field,
  type Operator,
  type Scope,
  type Selector,
  type Value,
} from './expression.ts';
import { arrayOf } from '../json/json.ts';
import { jsonShapeProblem } from '../json/json-shape.ts';
import { numberFrom } from '../json/exact-number.ts';
import { parser } from './parser.ts';

/** An error in a filter expression; `message` has X-Ray's form. */
export class FilterError extends Error {
  /** Offset in the text. */
  readonly position: number;
  readonly symbol: string;

  /** `firstColumn`: the number of the first column in the message. */
  constructor(text: string, position: number, symbol: string, firstColumn = 0) {
    const before = text.slice(0, position).split('\n');
    super(
      `Error Location: line ${before.length}, position ${before.at(-1)!.length + firstColumn} : Invalid input symbol: '${symbol}'`,
    );
    this.name = 'FilterError';
    this.position = position;
    this.symbol = symbol;
  }
}

const strict = parser.configure({ strict: true });
/** Other spellings of keywords. Source: X-Ray developer guide, filter expressions with groups. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['groupname', 'group.name'],
  ['grouparn', 'group.arn'],
]);
/** Maximum nesting of braces and parentheses; a person needs three. */
const MAX_DEPTH = 200;
/** A root cause is a list of services with a list of entities each. */
const CAUSE_LIMITS = { maxDepth: 32, maxValues: 10_000 };
/** Maximum length of the text that an error quotes. */
const MAX_WORD = 100;

/** More than a person writes, and enough for lists of IDs that programs generate. */
const MAX_LENGTH = 20_000;

/** Parses a filter expression. Throws FilterError. */
export function parseFilter(text: string): Expression {
  if (text.length > MAX_LENGTH) throw syntaxError(text, MAX_LENGTH);
  let tree;
  try {
    tree = strict.parse(text);
  } catch (error) {
    const at = /at (\d+)$/.exec(error instanceof Error ? error.message : '')?.[1];
    throw syntaxError(text, at === undefined ? text.length : Number(at));
  }
  const misread = errorIn(tree);
  if (misread !== undefined) throw syntaxError(text, misread);
  return new TreeReader(text).expression(tree.topNode.firstChild!, 'trace', 0);
}

/** Where the parser recovered from an error: after about 300 alternatives it does so even in strict mode. */
function errorIn(tree: Tree): number | undefined {
  let at: number | undefined;
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError) at ??= from;
    },
  });
  return at;
}

function syntaxError(text: string, position: number): FilterError {
  const rest = text.slice(position);
  const start = position + (rest.length - rest.trimStart().length);
  const word = /^\w+|^\S/.exec(text.slice(start, start + MAX_WORD))?.[0] ?? '<EOF>';
  return new FilterError(text, start, word);
}

/**
 * Converts the parser's tree into an expression, and checks what the grammar does not: which words are allowed where.
 */
class TreeReader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expression(node: SyntaxNode, scope: Scope, depth: number): Expression {
    if (depth > MAX_DEPTH) throw syntaxError(this.#text, node.from);
    switch (node.name) {
      case 'Group':
        return this.expression(node.firstChild!.nextSibling ?? node.firstChild!, scope, depth + 1);
      case 'And':
      case 'Or':
        return this.#chain(node, scope, depth);
      case 'Not':
        return { kind: 'not', of: this.expression(node.lastChild!, scope, depth + 1) };
      case 'Exists':
        return { kind: 'exists', field: this.#field(node.firstChild!, scope) };
      case 'Comparison':
        return this.#comparison(node, scope);
      case 'Complex':
        return this.#complex(node, scope, depth);
      case 'Scoped':
        return this.#scoped(node, scope, depth);
      default:
        // From about 2,500 terms on, the parser silently cuts off a chain and leaves loose tokens there.
        throw syntaxError(this.#text, node.from);
    }
  }

  /** `a AND b AND c` becomes one list, however it was grouped. */
  #chain(node: SyntaxNode, scope: Scope, depth: number): Expression {
    const kind = node.name === 'And' ? 'and' : 'or';
    const of: Expression[] = [];
    const open = [node];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next.name === node.name) {
        const [left, right] = [next.firstChild, next.lastChild];
        if (left === null || right === null || left.nextSibling?.from !== right.from)
          throw syntaxError(this.#text, next.from);
        open.push(right, left);
        continue;
      }
      const read = this.expression(next, scope, depth + 1);
      if (read.kind === kind) of.push(...read.of);
      else of.push(read);
    }
    return { kind, of };
  }

  #comparison(node: SyntaxNode, scope: Scope): Expression {
    const [nameNode, operatorNode, valueNode] = [node.firstChild!, node.firstChild!.nextSibling!, node.lastChild!];
    const field = this.#field(nameNode, scope);
    const word = this.#textOf(operatorNode).toLowerCase();
    const operator = OPERATORS.find((each) => each === word);
    if (operator === undefined) throw syntaxError(this.#text, operatorNode.from);
    if (field.keyword === 'rootcause.json') return this.#causeJson(operator, operatorNode, valueNode);
    if (valueNode.name === 'JsonLiteral') throw syntaxError(this.#text, valueNode.from);
    const value = this.#value(valueNode);
    const asBoolean = BOOLEANS.has(field.keyword) && typeof value === 'string' ? booleanOf(value) : undefined;
    return { kind: 'compare', field, operator, value: asBoolean ?? value };
  }

  #causeJson(operator: Operator, operatorNode: SyntaxNode, valueNode: SyntaxNode): Expression {
    if (operator !== '=' && operator !== '!=') throw syntaxError(this.#text, operatorNode.from);
    if (valueNode.name !== 'JsonLiteral') throw syntaxError(this.#text, valueNode.from);
    const text = this.#textOf(valueNode).slice(1);
    if (jsonShapeProblem(new TextEncoder().encode(text), CAUSE_LIMITS) !== undefined)
      throw syntaxError(this.#text, valueNode.from);
    try {
      // The token begins with a bracket.
      return { kind: 'rootcause.json', isEqual: operator === '=', json: arrayOf(JSON.parse(text)) };
    } catch {
      throw syntaxError(this.#text, valueNode.from);
    }
  }

  #complex(node: SyntaxNode, scope: Scope, depth: number): Expression {
    const word = node.firstChild!;
    if (scope !== 'trace') throw syntaxError(this.#text, word.from);
    const kind = word.name === 'Edge' ? 'edge' : 'service';
    const bodyNode = node.getChild('Body');
    const selectors = this.#selectors(node.getChild('Arguments')!);
    const [first = {}, second = {}] = selectors;
    if (kind === 'edge' ? selectors.length !== 2 : selectors.length > 1) throw syntaxError(this.#text, word.from);
    const body = bodyNode === null ? undefined : this.#body(bodyNode, kind, depth);
    return kind === 'edge' ? { kind, from: first, to: second, body } : { kind, at: first, body };
  }

  #scoped(node: SyntaxNode, scope: Scope, depth: number): Expression {
    const name = this.#textOf(node.firstChild!).toLowerCase();
    const cause = CAUSES.get(name);
    if (scope !== 'trace' || cause === undefined) throw this.#unknown(node.firstChild!);
    return { kind: 'rootcause', ...cause, body: this.#body(node.getChild('Body')!, 'rootcause', depth) };
  }

  #body(node: SyntaxNode, scope: Scope, depth: number): Expression {
    return this.expression(node.firstChild!.nextSibling ?? node.firstChild!, scope, depth + 1);
  }

  #selectors(node: SyntaxNode): Selector[] {
    const selectors: Selector[] = [];
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      if (child.name === 'String') selectors.push({ name: this.#string(child) });
      else if (child.name === 'Id') selectors.push(this.#id(child));
    }
    return selectors;
  }

  #id(node: SyntaxNode): Selector {
    const selector: { name?: string; type?: string; accountId?: string } = {};
    for (const memberNode of node.getChildren('Member')) {
      const nameNode = memberNode.firstChild!;
      const value = this.#string(memberNode.lastChild!);
      const name = this.#textOf(nameNode).toLowerCase();
      if (name === 'name') selector.name = value;
      else if (name === 'type') selector.type = value;
      else if (name === 'account.id') selector.accountId = value;
      else throw syntaxError(this.#text, nameNode.from);
    }
    return selector;
  }

  #field(node: SyntaxNode, scope: Scope): Field {
    const bracket = node.getChild('Bracket');
    const text = this.#textOf(node.firstChild!);
    const lower = text.toLowerCase();
    if (bracket !== null) {
      if (!KEYWORDS[scope].includes(lower) || !lower.endsWith('annotation')) throw this.#unknown(node);
      const key = this.#textOf(bracket).slice(1, -1).trim();
      return { keyword: lower, key: /^".*"$/s.test(key) ? this.#unquoted(key, bracket) : key };
    }
    const annotation = /^((?:source\.|destination\.)?annotation)\.(.+)$/i.exec(text);
    const keyword = annotation?.[1]?.toLowerCase() ?? ALIASES.get(lower) ?? lower;
    if (!KEYWORDS[scope].includes(keyword) || (keyword.endsWith('annotation') && annotation === null))
      throw this.#unknown(node);
    return annotation === null ? { keyword } : { keyword, key: annotation[2]! };
  }

  /** compat: X-Ray quotes what its lexer could not read: the longest prefix of some keyword, and one more character. */
  #unknown(node: SyntaxNode): FilterError {
    const text = this.#textOf(node);
    const known = [
      ...Object.values(KEYWORDS).flat(),
      ...ALIASES.keys(),
      'service',
      'edge',
      ...CAUSES.keys(),
      'and',
      'or',
      'not',
    ];
    let length = 0;
    while (length < text.length && known.some((keyword) => keyword.startsWith(text.slice(0, length + 1).toLowerCase())))
      length++;
    return new FilterError(this.#text, node.from, text.slice(0, length + 1));
  }

  #value(node: SyntaxNode): Value {
    const text = this.#textOf(node);
    if (node.name === 'String') return this.#string(node);
    if (node.name !== 'Number') return text.toLowerCase() === 'true';
    const number = numberFrom(text);
    return typeof number === 'number' ? number : { exact: number.exact };
  }

  #string(node: SyntaxNode): string {
    return this.#unquoted(this.#textOf(node), node);
  }

  /** The contents of a text in double quotes, which may contain unescaped control characters. */
  #unquoted(quoted: string, node: SyntaxNode): string {
    try {
      const text: unknown = JSON.parse(
        // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
        quoted.replaceAll(/[\u0000-\u001f]/g, (control) => JSON.stringify(control).slice(1, -1)),
      );
      return String(text);
    } catch {
      throw syntaxError(this.#text, node.from);
    }
  }

  #textOf(node: SyntaxNode): string {
    return this.#text.slice(node.from, node.to);
  }
}

function booleanOf(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}
