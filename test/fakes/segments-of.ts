import type { Json } from '../../src/json/json.ts';
import { KIND, newScope, type Attributes, type Span, type Value } from '../../src/formats/otlp/messages.ts';
import { segmentsOf } from '../../src/formats/otlp/segment/convert.ts';
import { DEFAULT_OPTIONS, type ConversionOptions } from '../../src/formats/otlp/segment/options.ts';
import { attributes, PARENT, resource, span } from './otlp.ts';

type Values = Readonly<Record<string, Value>>;

/** Members of a span, with its attributes as an object. */
export interface Members extends Partial<Omit<Span, 'attributes'>> {
  readonly attributes?: Values | Attributes;
}

/** The documents of a span as they are sent. */
export function converted(
  { attributes: values = {}, ...members }: Members,
  ofResource: Values = {},
  options: Partial<ConversionOptions> = {},
): Json[] {
  const all = { ...DEFAULT_OPTIONS, ...options };
  const segments = segmentsOf(
    span({ ...members, attributes: attributes(values) }),
    resource(ofResource),
    newScope(),
    all,
  );
  return JSON.parse(JSON.stringify(segments)) as Json[];
}

/** The only document of a span. */
export function segmentOf(members: Members, ofResource: Values = {}, options: Partial<ConversionOptions> = {}): Json {
  const documents = converted(members, ofResource, options);
  if (documents.length !== 1) throw new Error(`${documents.length} documents`);
  return documents[0]!;
}

/** A call inside a segment. */
export function clientOf(values: Values, ofResource: Values = {}): Json {
  return segmentOf({ kind: KIND.client, parentSpanId: PARENT, attributes: values }, ofResource);
}

/** Metadata of the namespace `default`. */
export function metadataOf(segment: Json): Json {
  return ((segment['metadata'] as Json | undefined)?.['default'] ?? {}) as Json;
}
