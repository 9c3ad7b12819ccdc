import { textOf } from '../../../src/json/json.ts';
import type { Span as TraceSpan } from '../../../src/trace/model.ts';
import { pathOf } from '../format.ts';

/** What a (sub)segment did: an HTTP request, a query, an operation; "" if it does not record that. */
export function detailOf(entity: TraceSpan): string {
  const { aws, sql } = entity;
  const operation = textOf(aws['operation']);
  if (operation !== undefined && entity.namespace === 'aws') return `${operation} ${resourceOf(aws)}`.trim();
  const query = textOf(sql?.['sanitized_query']);
  if (query !== undefined) return query.replaceAll(/\s+/g, ' ').slice(0, 200);
  const { http } = entity;
  if (http?.url !== undefined) return `${http.method ?? ''} ${pathOf(http.url)}`.trim();
  return sql === undefined ? '' : (textOf(sql['database_type']) ?? 'SQL');
}

function resourceOf(aws: Readonly<Record<string, unknown>>): string {
  for (const key of ['table_name', 'bucket_name', 'queue_url', 'topic_arn', 'function_name', 'resource_names']) {
    const value = aws[key];
    const text = Array.isArray(value) ? textOf(value[0]) : textOf(value);
    if (text !== undefined) return text.split(/[/:]/).at(-1) ?? '';
  }
  return '';
}
