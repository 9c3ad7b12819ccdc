import type { Exact } from '../json/exact-number.ts';
import { member, textOf } from '../json/json.ts';
import { inferredServiceOf } from '../trace/inferred-service.ts';
import { NOTHING, type AnnotationValue, type Span, type TraceDocument } from '../trace/model.ts';
import { isAnnotationValue } from '../trace/trace-view.ts';

/** An entry of the store's index: this value occurs in the trace. */
export interface Term {
  readonly field: string;
  readonly value: string | number;
}

/** Longer texts are cut in the index; its results are checked against the documents anyway. */
const MAX_TEXT = 200;

/**
 * Maximum number of indexed annotations of a document: ten times what X-Ray indexes per trace. X-Ray accepts no longer
 * names.
 */
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
 * The index entries of a document. The conditions of sql.ts must find every trace that matches an expression, so each
 * field here has the values of everything that may match: of all documents, or of those that may be the trace's root.
 */
export function termsOf({ tops, spans }: TraceDocument): Term[] {
  const terms: Term[] = [];
  const add = (field: string, value: AnnotationValue | undefined): void => {
    if (value !== undefined && terms.length < MAX_TERMS) terms.push({ field, value: indexed(value) });
  };
  for (const top of tops) if (!top.isSubsegment) addSegment(top, add);
  let indexedAnnotations = 0;
  for (const span of spans) {
    const { annotations } = span;
    for (const key of annotations === NOTHING ? [] : Object.keys(annotations)) {
      const value = annotations[key];
      if (isAnnotationValue(value) && key.length <= MAX_ANNOTATION_NAME && ++indexedAnnotations <= MAX_ANNOTATIONS)
        add(`annotation.${key}`, value);
    }
    if (span.isCall) add('service', inferredServiceOf(span).name);
    if (span.isCall || !span.isSubsegment) addFlags('any', span, add);
  }
  return terms;
}

type Add = (field: string, value: AnnotationValue | undefined) => void;

function addSegment(segment: Span, add: Add): void {
  const { aws } = segment;
  add('service', segment.xrayName);
  add('user', segment.user);
  add('resource.arn', segment.resourceArn);
  add('instance.id', textOf(member(aws['ec2'], 'instance_id')));
  add('availabilityzone', textOf(member(aws['ec2'], 'availability_zone')));
  if (segment.parentId === undefined) addRoot(segment, add);
}

function addRoot(root: Span, add: Add): void {
  const status = root.httpStatus;
  addFlags('root', root, add);
  if (root.seconds !== undefined) add('root.responsetime', indexedTime(root.seconds));
  if (status !== undefined && status >= LOWEST_STATUS) add('root.http.status', status);
  add('root.http.url', root.http?.url);
}

function addFlags(whose: 'any' | 'root', span: Span, add: Add): void {
  const { isFault, isError, isThrottle } = span.outcome;
  if (isFault) add(`${whose}.fault`, 1);
  if (isError) add(`${whose}.error`, 1);
  if (isThrottle) add(`${whose}.throttle`, 1);
}
