import type { Json } from '../../../json/json.ts';
import { jsonValue } from '../json-value.ts';
import { newAttributes, type Attributes, type Resource } from '../messages.ts';
import { awsOfResource } from './aws.ts';
import type { ConversionOptions } from './options.ts';
import { originOf } from './origin.ts';
import { firstText, isScalar, textsOf } from './taken.ts';

export const RESOURCE_PREFIX = 'otel.resource.';

/** What all documents of a resource have. */
export interface ResourceFacts {
  readonly origin: string | undefined;
  readonly service: Json | undefined;
  readonly aws: Json | undefined;
  readonly attributes: Attributes;
  /** Of segments: the attributes, as the options say. */
  readonly annotations: Json;
  readonly metadata: Json;
}

const known = new WeakMap<Resource, { readonly options: ConversionOptions; readonly facts: ResourceFacts }>();

/** Made once for a resource: its attributes are as many as those of a span, and a request has hundreds of spans. */
export function factsOf(resource: Resource, options: ConversionOptions): ResourceFacts {
  const before = known.get(resource);
  if (before?.options === options) return before.facts;
  const version = versionOf(resource.attributes);
  const facts = {
    origin: originOf(resource),
    service: version === undefined ? undefined : { version },
    aws: awsOfResource(resource, options.awsLogGroups),
    attributes: resource.attributes,
    ...storedOf(resource.attributes, options),
  };
  known.set(resource, { options, facts });
  return facts;
}

function versionOf(resource: Attributes): string | undefined {
  return (
    firstText(resource, ['service.version']) ??
    textsOf(resource['container.image.tags'])[0] ??
    firstText(resource, ['container.image.tag'])
  );
}

function storedOf(attributes: Attributes, options: ConversionOptions): Pick<ResourceFacts, 'annotations' | 'metadata'> {
  const annotations = newAttributes() as Record<string, unknown>;
  const metadata = newAttributes() as Record<string, unknown>;
  for (const key of Object.keys(attributes)) {
    const name = RESOURCE_PREFIX + key;
    const value = attributes[key]!;
    if (value === null) continue;
    if (isScalar(value) && (options.indexAllAttributes || options.indexedAttributes.has(name)))
      annotations[annotationKey(name)] = jsonValue(value);
    else metadata[name] = jsonValue(value);
  }
  return { annotations, metadata };
}

/** compat: dots stay since version 0.97 of the collector. */
export function annotationKey(key: string): string {
  return key.replace(/[^0-9A-Za-z.]/gu, '_');
}
