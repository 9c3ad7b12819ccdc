import { numberOf, objectOf, type Json } from '../../json/json.ts';
import type { LogOfTrace, TraceLog } from '../../trace/log.ts';
import { xrayTraceId } from '../../trace/trace-id.ts';
import type { Encoding } from './answers.ts';
import {
  Admission,
  DECODE_LIMITS,
  isValidSpanId,
  isValidTraceId,
  type DecodeLimits,
  type DecodeProblem,
} from './decoding.ts';
import { jsonAttributes, jsonSeconds, jsonValue } from './json-value.ts';
import { count, field, id, JsonValues, text, unsigned } from './json-values.ts';
import { newResource, newScope, type Attributes, type Resource, type Scope, type Value } from './messages.ts';
import { bodyObject } from './read-json.ts';
import { FIRST, LOG, SECOND } from './tags.ts';
import { ValueDecoder } from './value-decoder.ts';
import { WireReader } from './wire.ts';

/** The log records of a request. */
export interface DecodedLogs {
  readonly isDecoded: true;
  /** Those that belong to a trace. */
  readonly logs: readonly LogOfTrace[];
  /** Number of the others. */
  readonly others: number;
}

/** A message `LogRecord`, decoded. */
interface LogRecord {
  timeUnixNano: bigint;
  observedTimeUnixNano: bigint;
  severityNumber: number;
  severityText: string;
  body: Value;
  readonly attributes: Attributes;
  droppedAttributesCount: number;
  traceId: string;
  spanId: string;
  eventName: string;
}

/** Decodes an `ExportLogsServiceRequest`. Source: opentelemetry-proto 1.11, logs.proto. */
export function decodeLogs(
  body: Buffer,
  encoding: Encoding,
  limits: DecodeLimits = DECODE_LIMITS,
): DecodedLogs | DecodeProblem {
  const found = new Found();
  const problem = encoding === 'json' ? readJson(body, limits, found) : decode(body, limits, found);
  return problem ?? { isDecoded: true, logs: found.logs, others: found.others };
}

/** Collects the records that belong to a trace, and counts the others. */
class Found {
  readonly logs: LogOfTrace[] = [];
  others = 0;

  add(record: LogRecord, resource: Resource, scope: Scope): void {
    if (isValidTraceId(record.traceId))
      this.logs.push({ traceId: xrayTraceId(record.traceId), log: logOf(record, resource, scope) });
    else this.others++;
  }
}

function logOf(record: LogRecord, resource: Resource, scope: Scope): TraceLog {
  const { timeUnixNano, observedTimeUnixNano, severityNumber, severityText, body, attributes, spanId } = record;
  const service = resource.attributes['service.name'];
  return {
    time: numberOf(jsonSeconds(timeUnixNano === 0n ? observedTimeUnixNano : timeUnixNano)) ?? 0,
    spanId: isValidSpanId(spanId) ? spanId : '',
    severity: severityNumber,
    level: severityText,
    body: jsonValue(body),
    attributes: jsonAttributes(attributes),
    event: record.eventName,
    scope: scope.name,
    service: typeof service === 'string' ? service : '',
  };
}

function decode(body: Buffer, limits: DecodeLimits, found: Found): DecodeProblem | undefined {
  const reader = new WireReader(body);
  const values = new ValueDecoder(reader, new Admission(limits));
  const record = (): LogRecord => recordOf(reader, values);
  const scopeLogs = (resource: Resource): void => {
    let scope = newScope();
    const records: LogRecord[] = [];
    for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) scope = values.scope();
      else if (tag === SECOND && values.admitItem()) records.push(record());
      else reader.skip(tag);
    }
    for (const each of records) found.add(each, resource, scope);
  };
  const resourceLogs = (): void => {
    let resource = newResource();
    const starts: number[] = [];
    const end = reader.end();
    for (let tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (tag === FIRST) resource = values.resource();
      else {
        // Read when the resource is known, which may come after its records.
        if (tag === SECOND) starts.push(reader.position);
        reader.skip(tag);
      }
    }
    for (const start of starts) {
      if (reader.problem !== undefined) return;
      reader.skipTo(start);
      scopeLogs(resource);
    }
    if (reader.problem === undefined) reader.skipTo(end);
  };
  for (let tag = reader.tag(reader.length); tag !== 0; tag = reader.tag(reader.length)) {
    if (tag === FIRST && values.admitItem()) resourceLogs();
    else reader.skip(tag);
  }
  return values.problem;
}

function recordOf(reader: WireReader, values: ValueDecoder): LogRecord {
  const record: LogRecord = {
    timeUnixNano: 0n,
    observedTimeUnixNano: 0n,
    severityNumber: 0,
    severityText: '',
    body: null,
    ...newResource(),
    traceId: '',
    spanId: '',
    eventName: '',
  };
  let attributes = 0;
  for (let end = reader.end(), tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
    switch (tag) {
      case LOG.time:
        record.timeUnixNano = reader.fixed64();
        break;
      case LOG.observedTime:
        record.observedTimeUnixNano = reader.fixed64();
        break;
      case LOG.severityNumber:
        record.severityNumber = reader.uint32();
        break;
      case LOG.severityText:
        record.severityText = reader.text();
        break;
      case LOG.body:
        record.body = values.value();
        break;
      case LOG.attribute:
        values.attribute(record, attributes++);
        break;
      case LOG.traceId:
        record.traceId = reader.hex();
        break;
      case LOG.spanId:
        record.spanId = reader.hex();
        break;
      case LOG.eventName:
        record.eventName = reader.text();
        break;
      default:
        reader.skip(tag);
    }
  }
  return record;
}

function readJson(body: Buffer, limits: DecodeLimits, found: Found): DecodeProblem | undefined {
  const read = bodyObject(body.toString('utf8'), limits);
  if ('isDecoded' in read) return read;
  const admission = new Admission(limits);
  const values = new JsonValues(admission);
  for (const resourceLogs of values.items(field(read.json, 'resourceLogs', 'resource_logs'))) {
    const resource = values.attributed(objectOf(resourceLogs['resource']));
    for (const scopeLogs of values.items(field(resourceLogs, 'scopeLogs', 'scope_logs'))) {
      const scope = values.scope(objectOf(scopeLogs['scope']));
      for (const record of values.items(field(scopeLogs, 'logRecords', 'log_records')))
        found.add(jsonRecord(record, values), resource, scope);
    }
  }
  return admission.problem;
}

function jsonRecord(json: Json, values: JsonValues): LogRecord {
  return {
    timeUnixNano: unsigned(field(json, 'timeUnixNano', 'time_unix_nano')),
    observedTimeUnixNano: unsigned(field(json, 'observedTimeUnixNano', 'observed_time_unix_nano')),
    severityNumber: count(field(json, 'severityNumber', 'severity_number')),
    severityText: text(field(json, 'severityText', 'severity_text')),
    body: values.value(json['body']),
    ...values.attributed(json),
    traceId: id(field(json, 'traceId', 'trace_id')),
    spanId: id(field(json, 'spanId', 'span_id')),
    eventName: text(field(json, 'eventName', 'event_name')),
  };
}
