import { parseJson } from '../../../json/exact-number.ts';
import { textShapeProblem } from '../../../json/json-shape.ts';
import { isObject, setMember, type Json } from '../../../json/json.ts';
import { jsonAttributes, jsonSeconds, jsonValue } from '../json-value.ts';
import type { Event, Value } from '../messages.ts';
import type { ConversionOptions } from './options.ts';
import { annotationKey, RESOURCE_PREFIX, type ResourceFacts } from './resource.ts';
import { isList, isScalar, textsOf, type Taken } from './taken.ts';

/** The attribute by which an application chooses its annotations. */
const ANNOTATIONS = 'aws.xray.annotations';
const METADATA = 'aws.xray.metadata.';
/**
 * compat: blocks that the exporter does not fill from these attributes. It indexes them with all others, and filters of
 * a fleet that switches must find them.
 */
const INDEXED_BESIDE_BLOCKS: ReadonlySet<string> = new Set([
  'aws.sqs.queue.url',
  'db.namespace',
  'db.query.text',
  'db.system.name',
  'http.path',
  'http.response.body.size',
  'http.response_content_length',
  'user.id',
]);

export interface Stored {
  readonly annotations: Json;
  readonly metadata: Json;
}

/**
 * Annotations and metadata: what is left of the attributes, on segments those of the resource, and `facts`, of which
 * X-Ray has no member.
 */
export class Store {
  readonly #annotations: Record<string, unknown> = {};
  readonly #metadata = new Map<string, Record<string, unknown>>();
  readonly #options: ConversionOptions;
  /** Keys of the annotations that the span itself names. */
  #chosen: ReadonlySet<string> | undefined;

  constructor(options: ConversionOptions) {
    this.#options = options;
  }

  addAttributes(attributes: Taken): void {
    const { indexedAttributes, indexAllAttributes } = this.#options;
    const list = attributes.all[ANNOTATIONS];
    const chosen = isList(list) ? new Set(textsOf(list)) : undefined;
    this.#chosen = chosen;
    for (const key of attributes.keys) {
      const value = attributes.all[key]!;
      const isTaken = attributes.isTaken(key);
      if (value === null || (key === ANNOTATIONS && chosen !== undefined)) continue;
      const isChosen =
        indexedAttributes.has(key) ||
        chosen?.has(key) === true ||
        (indexAllAttributes && (!isTaken || INDEXED_BESIDE_BLOCKS.has(key)));
      if (isChosen && isScalar(value)) this.#annotate(key, value);
      else if (!isTaken) this.#addMetadata(key, value);
    }
  }

  /** After the attributes, which may name attributes of the resource that become annotations. */
  addResource(facts: ResourceFacts): void {
    addAll(this.#annotations, facts.annotations);
    const metadata = this.#chosen === undefined ? facts.metadata : this.#annotateChosen(facts, this.#chosen);
    if (Object.keys(metadata).length > 0) addAll(this.#in('default'), metadata);
  }

  /** What is left of the metadata. */
  #annotateChosen({ metadata, attributes }: ResourceFacts, chosen: ReadonlySet<string>): Json {
    const rest: Record<string, unknown> = { ...metadata };
    for (const name of chosen) {
      const value = name.startsWith(RESOURCE_PREFIX) ? attributes[name.slice(RESOURCE_PREFIX.length)] : undefined;
      if (!isScalar(value)) continue;
      this.#annotate(name, value);
      delete rest[name];
    }
    return rest;
  }

  addFact(key: string, value: unknown): void {
    setMember(this.#in('default'), key, value);
  }

  addEvents(events: readonly Event[]): void {
    if (events.length === 0) return;
    this.addFact(
      'otel.events',
      events.map(({ name, timeUnixNano, attributes }) => ({
        name,
        time: jsonSeconds(timeUnixNano),
        attributes: jsonAttributes(attributes),
      })),
    );
  }

  stored(): Stored {
    const metadata: Record<string, unknown> = {};
    for (const [namespace, members] of this.#metadata) setMember(metadata, namespace, members);
    return { annotations: this.#annotations, metadata };
  }

  #annotate(key: string, value: Value): void {
    const name = annotationKey(key);
    if (name !== '') setMember(this.#annotations, name, jsonValue(value));
  }

  #addMetadata(key: string, value: Value): void {
    const namespace = key.startsWith(METADATA) ? key.slice(METADATA.length) : '';
    const members = namespace !== '' && typeof value === 'string' ? objectIn(value) : undefined;
    if (members === undefined) setMember(this.#in('default'), key, jsonValue(value));
    else addAll(this.#in(namespace.toLowerCase() === 'default' ? 'default' : namespace), members);
  }

  #in(namespace: string): Record<string, unknown> {
    let members = this.#metadata.get(namespace);
    if (members === undefined) this.#metadata.set(namespace, (members = {}));
    return members;
  }
}

function addAll(json: Record<string, unknown>, members: Json): void {
  for (const name of Object.keys(members)) setMember(json, name, members[name]);
}

const MAX_METADATA_TEXT = 64 * 1024;
/** `JSON.stringify` needs stack for each level. */
const METADATA_LIMITS = { maxDepth: 100, maxValues: MAX_METADATA_TEXT };

/** The object that a text contains. */
function objectIn(text: string): Json | undefined {
  if (text.length > MAX_METADATA_TEXT || textShapeProblem(text, METADATA_LIMITS) !== undefined) return undefined;
  try {
    const json = parseJson(text);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
