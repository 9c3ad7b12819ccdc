/** The table of values in the chart's README, from the comments in values.yaml. */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { markdownTable } from '../src/cli/markdown-table.ts';

const CHART = 'deploy/helm/aws-xray';
const [BEGIN, END] = ['<!-- values: made from values.yaml by `npm run docs` -->', '<!-- /values -->'];

export interface ChartValue {
  /** Such as `xray.region`. */
  readonly path: string;
  readonly default: unknown;
  readonly description: string;
  /** The heading above it. */
  readonly group: string;
}

/** The README with the current tables. */
export function chartReadme(): string {
  const text = readFileSync(`${CHART}/README.md`, 'utf8');
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < 0) throw new Error(`${CHART}/README.md has no place for the table of values`);
  const groups = Map.groupBy(chartValues(readFileSync(`${CHART}/values.yaml`, 'utf8')), ({ group }) => group);
  const tables = [...groups].map(([group, values]) => {
    const rows = values.map((value) => [`\`${value.path}\``, cell(code(value.default)), cell(value.description)]);
    return `### ${group}\n\n${markdownTable(['value', 'default', 'meaning'], rows)}`;
  });
  return `${text.slice(0, start + BEGIN.length)}\n\n${tables.join('\n')}\n${text.slice(end)}`;
}

/**
 * Reads values.yaml: `## ` begins a group, and a comment that begins with `# -- ` describes the key below it. A map with
 * such a comment is one value. Throws if a key has no description.
 */
export function chartValues(text: string): ChartValue[] {
  const defaults = parse(text) as unknown;
  const values: ChartValue[] = [];
  let group = '';
  /** Keys that lead to the current line, with their indentation. */
  let parents: { readonly indent: number; readonly path: string; readonly isValue: boolean }[] = [];
  let description: string[] = [];
  for (const line of text.split('\n')) {
    const heading = /^## (.+)/.exec(line)?.[1];
    const comment = /^ *# (.*)/.exec(line)?.[1];
    const [, spaces, key, inline = ''] = /^( *)([\w./-]+):(.*)/.exec(line) ?? [];
    if (heading !== undefined) group = heading;
    else if (comment?.startsWith('-- ') === true) description = [comment.slice(3)];
    else if (comment !== undefined && description.length > 0) description.push(comment);
    else if (key !== undefined && spaces !== undefined) {
      const indent = spaces.length;
      parents = parents.filter((parent) => parent.indent < indent);
      const parent = parents.at(-1);
      const path = parent === undefined ? key : `${parent.path}.${key}`;
      const isValue = description.length > 0;
      if (parent?.isValue === true && isValue)
        throw new Error(`values.yaml describes ${parent.path} as well as ${path}`);
      if (isValue) values.push({ path, default: at(defaults, path), description: description.join(' '), group });
      else if (parent?.isValue !== true && inline.trim() !== '')
        throw new Error(`values.yaml does not describe ${path}`);
      parents.push({ indent, path, isValue: isValue || parent?.isValue === true });
      description = [];
    } else description = [];
  }
  return values;
}

/** The value at a path such as `xray.region`; undefined if there is none. */
function at(values: unknown, path: string): unknown {
  let found = values;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

function code(value: unknown): string {
  return `\`${stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()}\``;
}

function cell(text: string): string {
  return text.replaceAll(/<(?=\w)/g, '&lt;');
}
