import type { Entity } from '../../../src/trace/entity.ts';
import { isObject, member, textOf } from '../../../src/json/json.ts';
import { pathOf } from '../format.ts';

/** What a (sub)segment did: an HTTP request, a query, an operation; "" when it does not say. */
export function detailOf(entity: Entity): string {
  const { json } = entity;
  if (json['http'] === undefined && json['sql'] === undefined && json['aws'] === undefined) return '';
  const { aws } = entity;
  const request = member(json['http'], 'request');
  const url = textOf(member(request, 'url'));
  const operation = textOf(aws['operation']);
  if (json['namespace'] === 'aws' && operation !== undefined) return `${operation} ${resourceOf(aws)}`.trim();
  const query = textOf(member(json['sql'], 'sanitized_query'));
  if (query !== undefined) return query.replaceAll(/\s+/g, ' ').slice(0, 200);
  if (url !== undefined) return `${textOf(member(request, 'method')) ?? ''} ${pathOf(url)}`.trim();
  if (isObject(json['sql'])) return textOf(json['sql']['database_type']) ?? 'SQL';
  return '';
}

function resourceOf(aws: Readonly<Record<string, unknown>>): string {
  for (const key of ['table_name', 'bucket_name', 'queue_url', 'topic_arn', 'function_name', 'resource_names']) {
    const value = aws[key];
    const text = Array.isArray(value) ? textOf(value[0]) : textOf(value);
    if (text !== undefined) return text.split(/[/:]/).at(-1) ?? '';
  }
  return '';
}
