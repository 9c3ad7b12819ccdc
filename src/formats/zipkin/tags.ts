import { isValidLink } from '../otlp/decoding.ts';
import {
  KIND,
  newAttributes,
  newLink,
  newScope,
  STATUS,
  type Link,
  type Scope,
  type Span,
  type Value,
} from '../otlp/messages.ts';
import { integerOf } from '../otlp/segment/taken.ts';
import { attributesIn } from './events.ts';

/** What the tags of a span say of its resource and its scope. */
export interface Tagged {
  readonly resource: Record<string, Value>;
  readonly scope: Scope;
}

/** Attributes of resources, by the first part of their names; some of the same names belong to spans. */
const RESOURCE =
  /^(?:cloud|container|deployment|device|host|k8s|os|process|service|telemetry|webengine|aws\.(?:ecs|eks|log))\./;
const OF_SPANS = new Set(['service.peer.name', 'container.runtime']);
const OF_RESOURCES = new Set(['faas.id', 'faas.instance', 'faas.max_memory', 'faas.name', 'faas.version']);
const LINK = 'otlp.link.';
const STATUS_CODES: ReadonlyMap<string | undefined, number> = new Map([
  ['OK', STATUS.ok],
  ['ERROR', STATUS.error],
  ['UNSET', STATUS.unset],
]);

/** Adds tags to a span. All are texts, except those of which OTLP and X-Ray read the number. */
export function addTags(tags: readonly (readonly [string, string])[], span: Span): Tagged {
  const resource = newAttributes();
  const scope = newScope();
  const attributes = span.attributes as Record<string, Value>;
  const byKey = new Map(tags);
  for (const [key, value] of tags) {
    switch (key) {
      case 'span.kind':
        if (value === 'internal' && span.kind === KIND.unspecified) span.kind = KIND.internal;
        else attributes[key] = value;
        break;
      case 'otel.scope.name':
      case 'otel.library.name':
        scope.name = value;
        break;
      case 'otel.scope.version':
      case 'otel.library.version':
        scope.version = value;
        break;
      case 'w3c.tracestate':
        span.traceState = value;
        break;
      case 'otel.status_code':
      case 'otel.status_description':
        break;
      case 'error':
        if (value !== 'true') attributes[key] = value;
        break;
      case 'http.status_code':
      case 'http.response.status_code':
        attributes[key] = numberIn(value);
        break;
      default:
        if (key.startsWith(LINK)) addLink(value, span);
        else if (isOfResource(key)) resource[key] = value;
        else attributes[key] = value;
    }
  }
  span.status = { code: statusOf(byKey), message: byKey.get('otel.status_description') ?? errorText(byKey) };
  return { resource, scope };
}

function isOfResource(key: string): boolean {
  return OF_RESOURCES.has(key) || (RESOURCE.test(key) && !OF_SPANS.has(key));
}

function numberIn(text: string): Value {
  const number = integerOf(text);
  return number === undefined ? text : BigInt(number);
}

/**
 * compat: the tag `error` means an error whatever its value. Source: Zipkin's API, tags. SDKs write ERROR, the
 * collector's exporter STATUS_CODE_ERROR.
 */
function statusOf(tags: ReadonlyMap<string, string>): number {
  const name = tags
    .get('otel.status_code')
    ?.toUpperCase()
    .replace(/^STATUS_CODE_/, '');
  const code = STATUS_CODES.get(name);
  return code ?? (tags.has('error') ? STATUS.error : STATUS.unset);
}

function errorText(tags: ReadonlyMap<string, string>): string {
  const text = tags.get('error') ?? '';
  return text === 'true' || text === 'false' ? '' : text;
}

/** `traceId|spanId|traceState|{attributes}|dropped`, as OpenTelemetry's exporters write links. */
function addLink(text: string, span: Span): void {
  const [traceId = '', spanId = '', traceState = '', ...rest] = text.split('|');
  const link: Link = {
    ...newLink(),
    traceId: traceId.toLowerCase(),
    spanId: spanId.toLowerCase(),
    traceState,
    attributes: attributesIn(rest.slice(0, -1).join('|')) ?? newAttributes(),
  };
  if (isValidLink(link)) span.links.push(link);
  else span.droppedLinksCount++;
}
