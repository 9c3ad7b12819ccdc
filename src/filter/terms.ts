import { isAnnotationValue, type AnnotationValue } from '../trace/trace-view.ts';
import { Entity } from '../trace/entity.ts';
import type { Exact } from '../json/exact-number.ts';
import { httpOf } from '../trace/http.ts';
import { arrayOf, isObject, member, objectOf, textOf, type Json } from '../json/json.ts';
import { inferredServiceOf } from '../trace/service-id.ts';

/** An entry of the store's index: this value occurs in the trace. */
export interface Term {
  readonly field: string;
  readonly value: string | number;
}

/** Longer texts are cut in the index; its results are checked against the documents anyway. */
const MAX_TEXT = 200;

/** Maximum number of indexed annotations of a document: ten times what X-Ray indexes per trace. X-Ray accepts no longer names. */
const MAX_ANNOTATIONS = 500;
const MAX_ANNOTATION_NAME = 500;
/** More terms than a document of 64 KB can have. */
const MAX_TERMS = 5_000;

/** A value as it is indexed: booleans as 0 and 1; for a number that a double cannot hold, the nearest double. */
export function indexed(value: AnnotationValue | Exact): string | number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'object') return Number(value.exact);
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : value;
}

/** The lowest indexed status: values that most traces have are not selective. */
export const LOWEST_STATUS = 400;

/** Times are indexed in steps of 10 ms, rounded down, so that neighbours share a page of the index. */
export function indexedTime(seconds: number): number {
  return Math.floor(seconds * 100) / 100;
}

/**
 * The index entries of a document. The conditions of sql.ts must find every trace that matches an expression, so each field here
 * has the values of everything that may match: of all documents, or of those that may be the trace's root.
 */
export function termsOf(json: Json): Term[] {
  const terms: Term[] = [];
  const add = (field: string, value: AnnotationValue | undefined): void => {
    if (value !== undefined && terms.length < MAX_TERMS) terms.push({ field, value: indexed(value) });
  };
  const document = new Entity(json, json['type'] === 'subsegment');
  if (!document.isSubsegment) {
    add('service', document.name);
    add('user', textOf(json['user']));
    add('resource.arn', textOf(json['resource_arn']));
    add('instance.id', textOf(member(document.aws['ec2'], 'instance_id')));
    add('availabilityzone', textOf(member(document.aws['ec2'], 'availability_zone')));
    if (document.parentId === undefined) addRoot(document, add);
  }
  let annotations = 0;
  const open: { entity: Entity; isTop: boolean }[] = [{ entity: document, isTop: true }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { entity, isTop } = next;
    for (const [key, value] of Object.entries(objectOf(entity.json['annotations']))) {
      if (isAnnotationValue(value) && key.length <= MAX_ANNOTATION_NAME && ++annotations <= MAX_ANNOTATIONS) add(`annotation.${key}`, value);
    }
    if (entity.isCall) add('service', inferredServiceOf(entity).name);
    if (entity.isCall || (isTop && !entity.isSubsegment)) addFlags('any', entity, add);
    for (const child of arrayOf(entity.json['subsegments'])) if (isObject(child)) open.push({ entity: new Entity(child, true), isTop: false });
  }
  return terms;
}

type Add = (field: string, value: AnnotationValue | undefined) => void;

function addRoot(root: Entity, add: Add): void {
  const { url, status } = httpOf(root);
  addFlags('root', root, add);
  if (root.seconds !== undefined) add('root.responsetime', indexedTime(root.seconds));
  if (status !== undefined && status >= LOWEST_STATUS) add('root.http.status', status);
  add('root.http.url', url);
}

function addFlags(whose: 'any' | 'root', entity: Entity, add: Add): void {
  const { isFault, isError, isThrottle } = entity.outcome;
  if (isFault) add(`${whose}.fault`, 1);
  if (isError) add(`${whose}.error`, 1);
  if (isThrottle) add(`${whose}.throttle`, 1);
}
