import { arrayOf, objectOf } from '../../json/json.ts';
import type { Encoding } from './answers.ts';
import { DECODE_LIMITS, malformed, type DecodeLimits, type DecodeProblem } from './decoding.ts';
import { field } from './json-values.ts';
import { bodyObject } from './read-json.ts';
import { FIRST, METRIC_DATA, SECOND } from './tags.ts';
import { WireReader } from './wire.ts';

const KINDS = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential_histogram'],
  ['summary', 'summary'],
] as const;

/** The data points of a request. */
interface CountedDataPoints {
  readonly isDecoded: true;
  readonly dataPoints: number;
}

/** Counts the data points of an `ExportMetricsServiceRequest`. Source: opentelemetry-proto 1.11, metrics.proto. */
export function countDataPoints(
  body: Buffer,
  encoding: Encoding,
  limits: DecodeLimits = DECODE_LIMITS,
): CountedDataPoints | DecodeProblem {
  if (encoding === 'json') return countJson(body, limits);
  const reader = new WireReader(body);
  let dataPoints = 0;
  const each = (end: number, wanted: (tag: number) => boolean, read: () => void): void => {
    for (let tag = reader.tag(end); tag !== 0; tag = reader.tag(end)) {
      if (wanted(tag)) read();
      else reader.skip(tag);
    }
  };
  const isFirst = (tag: number): boolean => tag === FIRST;
  const isSecond = (tag: number): boolean => tag === SECOND;
  const point = (): void => {
    dataPoints++;
    reader.skip(FIRST);
  };
  const metric = (): void =>
    each(
      reader.end(),
      (tag) => METRIC_DATA.has(tag),
      () => each(reader.end(), isFirst, point),
    );
  const scopeMetrics = (): void => each(reader.end(), isSecond, metric);
  const resourceMetrics = (): void => each(reader.end(), isSecond, scopeMetrics);
  each(reader.length, isFirst, resourceMetrics);
  return reader.problem === undefined ? { isDecoded: true, dataPoints } : malformed(reader.problem);
}

function countJson(body: Buffer, limits: DecodeLimits): CountedDataPoints | DecodeProblem {
  const read = bodyObject(body.toString('utf8'), limits);
  if ('isDecoded' in read) return read;
  let dataPoints = 0;
  for (const resourceMetrics of arrayOf(field(read.json, 'resourceMetrics', 'resource_metrics'))) {
    for (const scopeMetrics of arrayOf(field(objectOf(resourceMetrics), 'scopeMetrics', 'scope_metrics'))) {
      for (const metric of arrayOf(objectOf(scopeMetrics)['metrics'])) {
        for (const [name, original] of KINDS) {
          const data = objectOf(field(objectOf(metric), name, original));
          dataPoints += arrayOf(field(data, 'dataPoints', 'data_points')).length;
        }
      }
    }
  }
  return { isDecoded: true, dataPoints };
}
