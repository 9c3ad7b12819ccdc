import { CAUSES, isWordOperator, KEYWORDS, type Scope } from '../../../src/filter/expression.ts';
import {
  FOREIGN_OPERATORS,
  isAnnotation,
  isBoolean,
  isCause,
  isField,
  meantBy,
  NUMBERS,
  SECONDS,
  UNITS,
} from './fields.ts';
import { tokensOf, unquoted, type Token } from './lexer.ts';

/** Rewrites an expression as it was probably meant, and notes the changes. */
export class Repair {
  readonly notes: string[] = [];
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  whole(): string | undefined {
    const parts: string[] = [];
    while (this.#next !== undefined) {
      const part = this.#conditions('trace');
      if (part === undefined) return undefined;
      if (part !== '') parts.push(part);
      const extra = this.#tokens[this.#at];
      if (extra !== undefined) {
        this.#note(`“${extra.text}” closes nothing`);
        this.#at++;
      }
    }
    return parts.join(' AND ');
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #take(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  /** "" at the end. */
  #unquotedNext(): string {
    const token = this.#take();
    return token === undefined ? '' : unquoted(token);
  }

  #note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /** Conditions up to a closing bracket or the end. */
  #conditions(scope: Scope): string | undefined {
    let written = '';
    let connector: string | undefined;
    for (let next = this.#next; next !== undefined && next.text !== ')' && next.text !== '}'; next = this.#next) {
      if (next.kind === 'connector') {
        const name = /^(and|&&)$/i.test(next.text) ? 'AND' : 'OR';
        if (/^[&|]/.test(next.text)) this.#note(`X-Ray writes ${name} for ${next.text}`);
        if (written === '') this.#note(`${next.text} needs a condition before it`);
        else if (connector !== undefined) this.#note(`between two conditions stands one ${name}`);
        if (written !== '') connector ??= name;
        this.#at++;
        continue;
      }
      const condition = this.#condition(scope);
      if (condition === undefined) return undefined;
      written = written === '' ? condition : `${written} ${connector ?? 'AND'} ${condition}`;
      connector = undefined;
    }
    if (connector !== undefined) this.#note(`${connector} needs a condition after it`);
    return written;
  }

  #condition(scope: Scope): string | undefined {
    const token = this.#take();
    if (token === undefined) return undefined;
    const { kind, text } = token;
    if (text === '!' || /^not$/i.test(text)) {
      const negated = this.#condition(scope);
      if (negated === undefined && this.#next === undefined) this.#note(`${text} needs a condition after it`);
      return negated === undefined
        ? undefined
        : `!${/^!|[=<>]/.test(negated) && !/^\(|\{/.test(negated) ? `(${negated})` : negated}`;
    }
    if (text === '(') {
      const inner = this.#conditions(scope);
      this.#close(')');
      return inner === undefined || inner === '' ? undefined : `(${inner})`;
    }
    if (kind === 'string' || kind === 'quoted' || kind === 'unclosed') {
      this.#note('a service is written as service("…")');
      return serviceNamed(unquoted(token));
    }
    if (kind !== 'bare') return undefined;
    if (/^(service|edge)$/i.test(text) && scope === 'trace')
      return this.#complex(text.toLowerCase() === 'edge' ? 'edge' : 'service');
    if (isCause(text)) return this.#braces(text, 'rootcause');
    return this.#field(text, scope);
  }

  #close(mark: string): void {
    if (this.#next?.text === mark) this.#at++;
    else this.#note(`a “${mark}” is missing`);
  }

  #braces(head: string, scope: Scope): string | undefined {
    if (this.#next?.text !== '{') return head;
    this.#at++;
    const body = this.#conditions(scope);
    this.#close('}');
    return body === undefined ? undefined : body === '' ? head : `${head} { ${body} }`;
  }

  #complex(name: 'service' | 'edge'): string | undefined {
    if (this.#next?.text !== '(') {
      if (this.#next?.kind === 'operator') this.#at++;
      const value = this.#next;
      if (
        name === 'edge' ||
        value === undefined ||
        value.kind === 'mark' ||
        value.kind === 'operator' ||
        value.kind === 'connector'
      ) {
        this.#note(`${name} takes names: ${name === 'edge' ? 'edge("from", "to")' : 'service("name")'}`);
        return undefined;
      }
      this.#note('a service is written as service("…")');
      return this.#braces(serviceNamed(this.#textValue()), 'service');
    }
    this.#at++;
    const names: string[] = [];
    for (let next = this.#next; next !== undefined && next.text !== ')' && next.text !== '{'; next = this.#next) {
      if (next.text === ',') this.#at++;
      else if (/^id$/i.test(next.text) && this.#tokens[this.#at + 1]?.text === '(') names.push(this.#id());
      else if (next.kind === 'operator' || next.kind === 'connector' || next.kind === 'mark') return undefined;
      else names.push(JSON.stringify(this.#nameIn(next)));
    }
    this.#close(')');
    if (name === 'edge' && names.length !== 2) {
      this.#note('edge takes two names, from and to');
      return undefined;
    }
    return this.#braces(`${name}(${names.join(', ')})`, name);
  }

  /** A name in parentheses; an unclosed quote contains the rest of the text. */
  #nameIn(token: Token): string {
    if (token.kind !== 'bare') {
      this.#at++;
      if (token.kind === 'quoted') this.#note('a text needs double quotes');
      if (token.kind === 'unclosed') this.#note('a “"” is missing');
      return token.kind === 'unclosed' ? unquoted(token).replace(/[)\s]+$/, '') : unquoted(token);
    }
    this.#note('a name needs quotes');
    return this.#textValue();
  }

  /** `id(…)`, unchanged. */
  #id(): string {
    const from = this.#next?.from;
    while (this.#next !== undefined && this.#next.text !== ')') this.#at++;
    this.#close(')');
    return this.#text.slice(from, this.#tokens[this.#at - 1]?.to);
  }

  #field(word: string, scope: Scope): string | undefined {
    const [, name, value] = /^([^:]+):(.+)$/.exec(word) ?? [];
    const isKnown = isAllowed(word, scope);
    if (name !== undefined && !isKnown && isAllowed(name, scope) && this.#next?.kind !== 'operator') {
      this.#note('X-Ray writes = for :');
      return this.#compare(name, '=', value);
    }
    const field = isKnown ? word : this.#meant(word, scope);
    if (field === undefined) return undefined;
    const operator = this.#operator(field);
    if (operator !== undefined) return this.#compare(field, operator, undefined);
    if (field.startsWith('service(')) return this.#braces(field, 'service');
    const next = this.#next;
    if (
      next !== undefined &&
      !isBoolean(field) &&
      (next.kind === 'string' || next.kind === 'quoted' || next.kind === 'bare')
    ) {
      this.#note('an operator is missing');
      return this.#compare(field, '=', undefined);
    }
    return field;
  }

  /** The keyword that was probably meant, or a condition for a single word. */
  #meant(word: string, scope: Scope): string | undefined {
    const isCompared = this.#next?.kind === 'operator' || (this.#next !== undefined && isWordOperator(this.#next.text));
    const meant = meantBy(word);
    if (meant !== undefined && isAllowed(meant, scope)) {
      this.#note(`${word} is ${meant} in X-Ray`);
      return meant;
    }
    if (scope !== 'trace') {
      this.#note(`${word} cannot stand in these braces`);
      return undefined;
    }
    if (isField(word)) this.#note(`${word} cannot stand here`);
    else if (!isCompared) {
      this.#note('a service is written as service("…")');
      return serviceNamed(word);
    } else if (/^name$/i.test(word)) {
      this.#note('a service is written as service("…")');
      this.#operator(word);
      return serviceNamed(this.#textValue());
    } else if (/^metadata\b/i.test(word)) this.#note('X-Ray cannot search metadata, a text can');
    else if (/^[\w.:-]+$/.test(word)) {
      this.#note(`${word} is no keyword of X-Ray, an annotation is annotation.${word}`);
      return `annotation.${word}`;
    }
    return undefined;
  }

  #operator(field: string): string | undefined {
    const next = this.#next;
    if (next === undefined) return undefined;
    const lower = next.text.toLowerCase();
    const near = Object.hasOwn(FOREIGN_OPERATORS, lower) ? FOREIGN_OPERATORS[lower] : undefined;
    if (next.kind !== 'operator' && !isWordOperator(next.text) && near === undefined) return undefined;
    this.#at++;
    if (near === undefined) return next.text;
    const operator = NUMBERS.has(field.toLowerCase()) && near === 'CONTAINS' ? '=' : near;
    this.#note(`X-Ray writes ${operator} for ${next.text}`);
    return operator;
  }

  /** `given`: the value, if it was written in one word with the keyword. */
  #compare(field: string, operator: string, given: string | undefined): string | undefined {
    const keyword = field.toLowerCase();
    const next = this.#next;
    if (
      given === undefined &&
      (next === undefined || next.kind === 'connector' || next.kind === 'mark' || next.kind === 'operator')
    ) {
      this.#note(
        next === undefined || next.kind === 'connector'
          ? `${operator} needs a value after it`
          : `“${next.text}” does not fit here`,
      );
      return undefined;
    }
    if (SECONDS.has(keyword)) return this.#compareSeconds(field, operator, given ?? this.#unquotedNext());
    if (keyword === 'http.status') return this.#compareStatus(field, operator, given ?? this.#unquotedNext());
    if (isBoolean(keyword)) return this.#compareFlag(field, operator, given ?? this.#unquotedNext());
    if (given !== undefined) return `${field} ${operator} ${JSON.stringify(given)}`;
    const isPlain =
      isAnnotation(field) &&
      next?.kind === 'bare' &&
      /^(true|false|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$/i.test(next.text);
    const after = this.#tokens[this.#at + 1];
    if (isPlain && (after === undefined || after.kind === 'connector' || after.kind === 'mark'))
      return `${field} ${operator} ${this.#unquotedNext()}`;
    return `${field} ${operator} ${JSON.stringify(this.#quotedValue())}`;
  }

  #quotedValue(): string {
    const kind = this.#next?.kind;
    if (kind === 'quoted') this.#note('a text needs double quotes');
    else if (kind === 'unclosed') this.#note('a “"” is missing');
    else if (kind === 'bare') this.#note('a text needs quotes');
    return kind === 'bare' ? this.#textValue() : this.#unquotedNext();
  }

  /** Unquoted text up to a connector, a bracket or the end. */
  #textValue(): string {
    const first = this.#take();
    if (first === undefined) return '';
    if (first.kind !== 'bare') return unquoted(first);
    let last = first;
    for (
      let next = this.#next;
      next !== undefined && next.kind !== 'connector' && !/^[(){},]$/.test(next.text);
      next = this.#next
    ) {
      last = next;
      this.#at++;
    }
    return this.#text.slice(first.from, last.to);
  }

  #compareSeconds(field: string, operator: string, value: string): string | undefined {
    const [, digits, unit] = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµμ]*)$/i.exec(value) ?? [];
    const apart = unit === '' && this.#next?.kind === 'bare' ? UNITS[this.#next.text.toLowerCase()] : undefined;
    if (apart !== undefined) this.#at++;
    const factor = apart ?? (unit === undefined || unit === '' ? 1 : UNITS[unit.toLowerCase()]);
    if (digits === undefined || unit !== '' || apart !== undefined) this.#note(`${field} takes seconds`);
    if (digits === undefined || factor === undefined) return undefined;
    return `${field} ${operator} ${Number((Number(digits) * factor).toPrecision(12))}`;
  }

  #compareStatus(field: string, operator: string, value: string): string | undefined {
    const hundreds = /^([1-5])(?:xx|\*\*|\*)$/i.exec(value)?.[1];
    if (hundreds !== undefined) {
      this.#note('a class of statuses is a range');
      const range = `(${field} >= ${hundreds}00 AND ${field} < ${Number(hundreds) + 1}00)`;
      return operator === '!=' ? `!${range}` : range;
    }
    if (/^\d+$/.test(value)) return `${field} ${operator} ${value}`;
    this.#note(`${field} takes a number`);
    return undefined;
  }

  #compareFlag(field: string, operator: string, value: string): string | undefined {
    const isTrue = /^(true|yes|1|on)$/i.test(value);
    if (!isTrue && !/^(false|no|0|off)$/i.test(value)) {
      this.#note(`${field} is true or false`);
      return undefined;
    }
    if (!/^(true|false)$/i.test(value)) this.#note(`${field} is true or false`);
    return `${field} ${operator} ${isTrue}`;
  }
}

function serviceNamed(name: string): string {
  return `service(${JSON.stringify(name)})`;
}

/** Whether a keyword is valid in a scope; root causes have their own keywords. */
function isAllowed(word: string, scope: Scope): boolean {
  const lower = word.toLowerCase();
  if (isAnnotation(word))
    return KEYWORDS[scope].includes(/^(source\.|destination\.)?annotation/.exec(lower)?.[0] ?? '');
  return (
    lower !== 'annotation' &&
    (KEYWORDS[scope].includes(lower) || (scope === 'trace' && (CAUSES.has(lower) || /^group(name|arn)$/.test(lower))))
  );
}
