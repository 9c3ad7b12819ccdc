import { readFileSync } from 'node:fs';
import { CHART } from './tools.ts';

export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly pattern?: string;
}

export const SCHEMA = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;

/** The schema of a value such as `xray.region`; undefined if it has none. */
export function schemaAt(path: string): Schema | undefined {
  let schema = SCHEMA;
  for (const key of keysOf(path)) {
    const known = schema.properties?.[key];
    if (known !== undefined) schema = known;
    else if (typeof schema.additionalProperties === 'object') schema = schema.additionalProperties;
    else if (schema.additionalProperties === undefined) schema = {};
    else return undefined;
  }
  return schema;
}

/** The paths of what has no keys: texts, numbers, switches, lists, and empty maps. */
export function leavesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const entries = Object.entries(value);
  if (entries.length === 0) return [path];
  return entries.flatMap(([key, inner]) => leavesOf(inner, path === '' ? keyOf(key) : `${path}.${keyOf(key)}`));
}

/** A key with a point in it, such as kubernetes.io/os, is one step of a path. */
const POINT = '\u2024';

function keyOf(key: string): string {
  return key.replaceAll('.', POINT);
}

export function keysOf(path: string): string[] {
  return path.split('.').map((key) => key.replaceAll(POINT, '.'));
}
