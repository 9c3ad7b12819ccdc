import { WIRE } from './wire.ts';

const { varint, fixed64, fixed32, bytes } = WIRE;

/** Tags of fields: number and wire type. Source: opentelemetry-proto 1.11, trace.proto and common.proto. */
const tagOf = (field: number, wire: number): number => field * 8 + wire;

export const SPAN = {
  traceId: tagOf(1, bytes),
  spanId: tagOf(2, bytes),
  traceState: tagOf(3, bytes),
  parentSpanId: tagOf(4, bytes),
  name: tagOf(5, bytes),
  kind: tagOf(6, varint),
  start: tagOf(7, fixed64),
  end: tagOf(8, fixed64),
  attribute: tagOf(9, bytes),
  droppedAttributes: tagOf(10, varint),
  event: tagOf(11, bytes),
  droppedEvents: tagOf(12, varint),
  link: tagOf(13, bytes),
  droppedLinks: tagOf(14, varint),
  status: tagOf(15, bytes),
  flags: tagOf(16, fixed32),
};
export const EVENT = {
  time: tagOf(1, fixed64),
  name: tagOf(2, bytes),
  attribute: tagOf(3, bytes),
  droppedAttributes: tagOf(4, varint),
};
export const LINK = {
  traceId: tagOf(1, bytes),
  spanId: tagOf(2, bytes),
  traceState: tagOf(3, bytes),
  attribute: tagOf(4, bytes),
  droppedAttributes: tagOf(5, varint),
  flags: tagOf(6, fixed32),
};
export const SCOPE = {
  name: tagOf(1, bytes),
  version: tagOf(2, bytes),
  attribute: tagOf(3, bytes),
  droppedAttributes: tagOf(4, varint),
};
export const LOG = {
  time: tagOf(1, fixed64),
  severityNumber: tagOf(2, varint),
  severityText: tagOf(3, bytes),
  body: tagOf(5, bytes),
  attribute: tagOf(6, bytes),
  traceId: tagOf(9, bytes),
  spanId: tagOf(10, bytes),
  observedTime: tagOf(11, fixed64),
  eventName: tagOf(12, bytes),
};
/** The fields of a `Metric` that have data points: gauge, sum, histogram, exponential histogram, summary. */
export const METRIC_DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11].map((field) => tagOf(field, bytes)));
export const VALUE = {
  string: tagOf(1, bytes),
  bool: tagOf(2, varint),
  int: tagOf(3, varint),
  double: tagOf(4, fixed64),
  array: tagOf(5, bytes),
  map: tagOf(6, bytes),
  bytes: tagOf(7, bytes),
};
/** The first fields of every message with submessages or a name. */
export const [FIRST, SECOND, THIRD] = [tagOf(1, bytes), tagOf(2, bytes), tagOf(3, bytes)];
export const RESOURCE_DROPPED = tagOf(2, varint);
export const STATUS_CODE = tagOf(3, varint);
