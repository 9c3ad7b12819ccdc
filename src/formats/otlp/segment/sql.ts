import type { Json } from '../../../json/json.ts';
import type { Span } from '../messages.ts';
import { keyGroup, type Taken } from './taken.ts';

/** Systems whose queries X-Ray shows, by their names in both generations of conventions. */
const DATABASE_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  ...[
    'db2',
    'derby',
    'hive',
    'mariadb',
    'mssql',
    'mysql',
    'oracle',
    'postgresql',
    'sqlite',
    'teradata',
    'other_sql',
  ].map((name) => [name, name] as const),
  ['ibm.db2', 'db2'],
  ['microsoft.sql_server', 'mssql'],
  ['oracle.db', 'oracle'],
]);
const TAKEN = [
  'db.system.name',
  'db.system',
  'db.namespace',
  'db.name',
  'db.query.text',
  'db.statement',
  'db.user',
  'db.connection_string',
];

const SYSTEM = keyGroup(['db.system.name', 'db.system']);

/** The block `sql` of a segment; undefined, and nothing is taken, if the span is no query of such a system. */
export function sqlOf(span: Span, attributes: Taken): Json | undefined {
  if (!attributes.hasAny(SYSTEM)) return undefined;
  const type = DATABASE_TYPES.get(attributes.text('db.system.name', 'db.system'));
  if (type === undefined) return undefined;
  const database = attributes.text('db.namespace', 'db.name');
  const user = attributes.text('db.user');
  const query = attributes.text('db.query.text', 'db.statement');
  for (const key of TAKEN) if (typeof attributes.all[key] === 'string') attributes.take(key);
  return {
    // compat: the span's name is what the exporter writes here.
    url: span.name,
    connection_string: `${attributes.text('db.connection_string') ?? serverOf(attributes)}/${database ?? ''}`,
    database_type: type,
    ...(user === undefined ? {} : { user }),
    ...(query === undefined ? {} : { sanitized_query: query }),
  };
}

function serverOf(attributes: Taken): string {
  const address = attributes.text('server.address');
  if (address === undefined) return 'localhost';
  const port = attributes.integer('server.port');
  return port === undefined ? address : `${address}:${port}`;
}
