import { malformed, MAX_VALUE_DEPTH, TOO_DEEP, type Admission, type DecodeProblem } from './decoding.ts';
import { Bytes, newAttributes, newResource, newScope, type Resource, type Scope, type Value } from './messages.ts';
import { FIRST, RESOURCE_DROPPED, SCOPE, SECOND, VALUE } from './tags.ts';
import type { WireReader } from './wire.ts';

/** A message with attributes that is being read. */
interface HasAttributes {
  readonly attributes: Readonly<Record<string, Value>>;
  droppedAttributesCount: number;
}

/** Decodes what the messages of all signals have in common: attributes and their values, resources and scopes. */
export class ValueDecoder {
  readonly #reader: WireReader;
  readonly #admission: Admission;

  constructor(reader: WireReader, admission: Admission) {
    this.#reader = reader;
    this.#admission = admission;
  }

  /** Why nothing of the request can be accepted, once it has been read. */
  get problem(): DecodeProblem | undefined {
    if (this.#admission.problem !== undefined) return this.#admission.problem;
    return this.#reader.problem === undefined ? undefined : malformed(this.#reader.problem);
  }

  /** False at the limit, which also ends the reading. */
  admitItem(): boolean {
    if (this.#admission.admitItem()) return true;
    this.#reader.fail('too many items');
    return false;
  }

  /** A message `Resource`. */
  resource(): Resource {
    const reader = this.#reader;
    const resource = newResource();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) this.attribute(resource, count++);
      else if (tag === RESOURCE_DROPPED) resource.droppedAttributesCount += reader.uint32();
      else reader.skip(tag);
    }
    return resource;
  }

  /** A message `InstrumentationScope`. */
  scope(): Scope {
    const reader = this.#reader;
    const scope = newScope();
    let count = 0;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === SCOPE.name) scope.name = reader.text();
      else if (tag === SCOPE.version) scope.version = reader.text();
      else if (tag === SCOPE.attribute) this.attribute(scope, count++);
      else if (tag === SCOPE.droppedAttributes) scope.droppedAttributesCount += reader.uint32();
      else reader.skip(tag);
    }
    return scope;
  }

  /** Reads the attribute that `count` others precede. */
  attribute(owner: HasAttributes, count: number): void {
    const reader = this.#reader;
    if (count >= this.#admission.maxAttributes) {
      reader.skip(FIRST);
      owner.droppedAttributesCount++;
      return;
    }
    if (this.admitItem()) this.#keyValue(owner.attributes, 0);
  }

  #keyValue(attributes: Readonly<Record<string, Value>>, depth: number): void {
    const reader = this.#reader;
    let key = '';
    let value: Value = null;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) key = reader.text();
      else if (tag === SECOND) value = this.value(depth);
      else reader.skip(tag);
    }
    (attributes as Record<string, Value>)[key] = value;
  }

  /** `depth`: how many lists and maps it is in. */
  value(depth = 0): Value {
    const reader = this.#reader;
    let value: Value = null;
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      switch (tag) {
        case VALUE.string:
          value = reader.text();
          break;
        case VALUE.bool:
          value = reader.bool();
          break;
        case VALUE.int:
          value = reader.int64();
          break;
        case VALUE.double:
          value = reader.double();
          break;
        case VALUE.array:
          value = this.#list(depth + 1);
          break;
        case VALUE.map:
          value = this.#map(depth + 1);
          break;
        case VALUE.bytes:
          value = new Bytes(reader.base64());
          break;
        default:
          reader.skip(tag);
      }
    }
    return value;
  }

  #list(depth: number): Value {
    const reader = this.#reader;
    if (depth > MAX_VALUE_DEPTH) {
      reader.skip(FIRST);
      return TOO_DEEP;
    }
    const values: Value[] = [];
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag !== FIRST) reader.skip(tag);
      else if (this.admitItem()) values.push(this.value(depth));
    }
    return values;
  }

  #map(depth: number): Value {
    const reader = this.#reader;
    if (depth > MAX_VALUE_DEPTH) {
      reader.skip(FIRST);
      return TOO_DEEP;
    }
    const map = newAttributes();
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag !== FIRST) reader.skip(tag);
      else if (this.admitItem()) this.#keyValue(map, depth);
    }
    return map;
  }
}
