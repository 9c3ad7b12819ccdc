import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Parser,
  type Document,
  type YAMLMap,
} from 'yaml';
import { parseGoInt } from './go-number.ts';

/**
 * The value of a scalar in Go, and its text: a text option uses the text, whatever its value (`Region: 123`, `Region:
 * yes`).
 */
export interface YamlScalar {
  readonly value: string | number | boolean | null;
  readonly text: string;
}

export interface YamlEntry {
  /** Including its section: `Socket.UDPAddress`. */
  readonly key: string;
  /** undefined for a list, or for an unexpected map. */
  readonly scalar: YamlScalar | undefined;
  /** Counted from 1. */
  readonly line: number;
}

/** Thrown for text that is not YAML, or that no configuration would contain. */
export class YamlError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Limit of keys and of maps that are read. A configuration has some twenty; aliases of aliases could create billions.
 */
const MAX_ENTRIES = 1_000;
/** A configuration has two levels. The library's parser recurses for each level. */
const MAX_DEPTH = 32;

/**
 * The keys and values of a file in their order, with aliases and merge keys (`<<`) resolved: YAML 1.1 as
 * gopkg.in/yaml.v2 v2.2.8 reads it for the reference daemon. Reads the first of several documents. A key may occur
 * twice; the last one counts. A map inside a map is one entry per key; an empty map has no entries. Throws YamlError.
 */
export function readYaml(text: string): YamlEntry[] {
  // compat: characters that libyaml refuses anywhere in a document.
  const control = /(?![\t\n\r\u0085])\p{Cc}/u.exec(text);
  if (control !== null) {
    throw new YamlError(
      text.slice(0, control.index).split('\n').length,
      `has a control character (U+${codePoint(control[0])})`,
    );
  }
  checkDepth(text);
  const counter = new LineCounter();
  // Every scalar is read as text; Go's rules below determine its value.
  const document = parseDocument(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, lineCounter: counter });
  const syntax = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (syntax !== undefined)
    throw new YamlError(counter.linePos(syntax.pos[0]).line, `is not YAML: ${wordsOf(syntax.message)}`);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && meaningOf(contents).value === null)) return [];
  if (!isMap(contents)) throw new YamlError(1, 'must hold keys and values');
  return new EntryReader(document, counter).entriesOf(contents);
}

/** Throws YamlError if lists and maps are nested too deeply. Reads the tokens without recursion. */
function checkDepth(text: string): void {
  const counter = new LineCounter();
  const parser = new Parser(counter.addNewLine);
  for (const token of new Lexer().lex(text)) {
    for (const _ of parser.next(token)) continue;
    // The stack also contains the document itself and the current token.
    if (parser.stack.length > MAX_DEPTH + 2) {
      throw new YamlError(
        counter.linePos(parser.offset).line,
        `is nested more than ${MAX_DEPTH} levels deep, which no configuration is`,
      );
    }
  }
}

class EntryReader {
  readonly #document: Document;
  readonly #counter: LineCounter;
  readonly #entries: YamlEntry[] = [];
  #maps = 0;

  constructor(document: Document, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  entriesOf(map: YAMLMap): YamlEntry[] {
    this.#read(map, '', []);
    return this.#entries;
  }

  /** `above`: the maps that contain this one. */
  #read(map: YAMLMap, section: string, above: readonly YAMLMap[]): void {
    if (above.includes(map)) throw new YamlError(this.#lineOf(map), 'is not YAML: an anchor is used inside of itself');
    if (++this.#maps > MAX_ENTRIES) throw this.#tooMany(this.#lineOf(map));
    const inside = [...above, map];
    for (const pair of map.items) {
      const keyNode = pair.key;
      const line = this.#lineOf(keyNode);
      const value = this.#resolve(pair.value);
      if (isScalar(keyNode) && keyNode.value === '<<' && keyNode.type === 'PLAIN') {
        this.#merge(value, section, inside, line);
        continue;
      }
      const key = section + (isScalar(keyNode) ? String(keyNode.value) : '?');
      if (isMap(value) && section === '') this.#read(value, `${key}.`, inside);
      else this.#add({ key, scalar: scalarOf(value), line });
    }
  }

  /**
   * compat: merged keys apply in the order of the file: a later `<<` overrides an earlier key, and the first of a list
   * of maps overrides the others.
   */
  #merge(value: unknown, section: string, above: readonly YAMLMap[], line: number): void {
    const maps = isSeq(value) ? value.items.map((item) => this.#resolve(item)).toReversed() : [value];
    for (const map of maps) {
      if (!isMap(map)) throw new YamlError(line, 'is not YAML: "<<" takes a map or a list of maps');
      this.#read(map, section, above);
    }
  }

  #add(entry: YamlEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) throw this.#tooMany(entry.line);
  }

  #tooMany(line: number): YamlError {
    return new YamlError(line, `holds too many keys: with aliases resolved, at most ${MAX_ENTRIES}`);
  }

  #resolve(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document);
    if (target === undefined) throw new YamlError(this.#lineOf(node), `is not YAML: unknown anchor "${node.source}"`);
    return target;
  }

  #lineOf(node: unknown): number {
    return isNode(node) && node.range ? this.#counter.linePos(node.range[0]).line : 1;
  }
}

function scalarOf(node: unknown): YamlScalar | undefined {
  if (node === null || node === undefined) return { value: null, text: '' };
  return isScalar(node) ? meaningOf(node) : undefined;
}

const TRUE = /^(y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const FALSE = /^(n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const NULL = /^(|~|null|Null|NULL)$/;
const FLOAT = /^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$/i;

/** Source: yaml.v2's resolve.go, where base-60 numbers are text. */
function meaningOf(node: { value: unknown; type?: unknown; tag?: string | undefined }): YamlScalar {
  const text = typeof node.value === 'string' ? node.value : '';
  const tag = node.tag ?? '';
  const isText =
    tag === '' || tag === '!'
      ? node.type !== 'PLAIN' && text !== ''
      : !/^tag:yaml\.org,2002:(bool|int|float|null)$/.test(tag);
  if (isText || (node.type !== 'PLAIN' && tag === '' && text === '')) return { value: text, text };
  if (NULL.test(text)) return { value: null, text: '' };
  if (TRUE.test(text)) return { value: true, text };
  if (FALSE.test(text)) return { value: false, text };
  const plain = /^[-+\d]/.test(text) ? text.replaceAll('_', '') : text;
  const value = parseGoInt(plain) ?? (FLOAT.test(plain) ? Number(plain) : text);
  return { value, text };
}

/** The library's message without the line number, which is reported separately, and without the excerpt of the file. */
function wordsOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

function codePoint(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
}
