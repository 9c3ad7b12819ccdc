import { LiveFeed } from '../../src/api/live.ts';
import { XRayBackend } from '../../src/api/backend.ts';
import { ALL_OPERATIONS } from '../../src/formats/xray/operations.ts';

/** A JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface RequestShape {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** What the local X-Ray accepts as requests of each operation. */
export async function requestShapes(): Promise<RequestShape[]> {
  // The real operations with their schemas; nothing is called.
  const store = { write: async () => ({}) };
  const deps = { store, ingest: {}, feed: new LiveFeed() };
  const account = { region: 'eu-west-1', accountId: '1' };
  const backend = new XRayBackend({ account, defaultSampling: 'all' }, deps as never);
  await backend.open();
  return ALL_OPERATIONS.map(({ name, path }) => ({ path, schema: backend.operations[name].schema as JsonSchema }));
}

/** The members of an object, or of the objects in a list. */
function membersOf({ properties, items }: JsonSchema): Readonly<Record<string, JsonSchema>> | undefined {
  if (items !== undefined) return membersOf(items as JsonSchema);
  return properties as Readonly<Record<string, JsonSchema>> | undefined;
}

export function depthOf(schema: JsonSchema): number {
  const members = membersOf(schema);
  return members === undefined ? 0 : 1 + Math.max(0, ...Object.values(members).map(depthOf));
}

/** JSON of a request with `value` in place of every member of a level, and of each member above that has no members. */
export function withValueAt(level: number, schema: JsonSchema, value: string): string {
  const members = membersOf(schema);
  if (level === 0 || members === undefined) return value;
  const object = Object.entries(members).map(
    ([name, member]) => `${JSON.stringify(name)}:${withValueAt(level - 1, member, value)}`,
  );
  const text = `{${object.join(',')}}`;
  return schema['items'] === undefined ? text : `[${text}]`;
}
