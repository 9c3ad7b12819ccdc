import { expect, test } from 'vitest';
import { otlpKindOf } from '../../../src/formats/otlp/otlp-body.ts';

test.each([
  ['T1SCgkK', 'T1S'],
  ['T1U', 'T1U'],
  ['M1CgkK', 'M1'],
  ['M1', 'M1'],
  ['{"id":"T1S"}', undefined],
  ['T1', undefined],
  ['t1s', undefined],
  [' T1S', undefined],
  ['', undefined],
])('%j is of the kind %s', (body, kind) => {
  expect(otlpKindOf(Buffer.from(body))).toBe(kind);
});
