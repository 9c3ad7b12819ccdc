import { expect, test } from 'vitest';
import { countDataPoints } from '../../../src/formats/otlp/count-metrics.ts';
import { metricsRequest } from '../../fakes/otlp-signals.ts';

test('data points of every kind are counted, in protobuf and JSON', () => {
  expect(countDataPoints(metricsRequest(5), 'protobuf')).toEqual({ isDecoded: true, dataPoints: 5 });
  const points = (count: number): object => ({ dataPoints: Array.from({ length: count }, () => ({ asInt: '1' })) });
  const metrics = [
    { name: 'a', gauge: points(1) },
    { name: 'b', sum: points(2) },
    { name: 'c', histogram: points(3) },
    { name: 'd', exponentialHistogram: points(4) },
    { name: 'e', summary: { data_points: [{}] } },
    { name: 'f' },
  ];
  const body = Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }));
  expect(countDataPoints(body, 'json')).toEqual({ isDecoded: true, dataPoints: 11 });
  expect(countDataPoints(Buffer.alloc(0), 'protobuf')).toEqual({ isDecoded: true, dataPoints: 0 });
});

test('what is no metrics is a problem', () => {
  const bytes = metricsRequest(5);
  expect(countDataPoints(bytes.subarray(0, bytes.length - 3), 'protobuf')).toMatchObject({ code: 'malformed' });
  expect(countDataPoints(Buffer.from('[]'), 'json')).toMatchObject({ code: 'malformed' });
});
