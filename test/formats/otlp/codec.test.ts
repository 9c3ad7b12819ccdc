import fc from '../../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { decodeTraces } from '../../../src/formats/otlp/decode.ts';
import { encodeTraces } from '../../../src/formats/otlp/encode.ts';
import { readTracesJson } from '../../../src/formats/otlp/read-json.ts';
import { writeTracesJson } from '../../../src/formats/otlp/write-json.ts';
import { anyTraces } from '../../fakes/otlp.ts';

test('what is encoded in protobuf is decoded as it was', () => {
  fc.assert(
    fc.property(anyTraces, (data) => {
      expect(decodeTraces(encodeTraces(data))).toMatchObject({ isDecoded: true, resourceSpans: data.resourceSpans });
    }),
  );
});

test('what is written in JSON is read as it was', () => {
  fc.assert(
    fc.property(anyTraces, (data) => {
      expect(withoutNegativeZero(readTracesJson(writeTracesJson(data)))).toMatchObject({
        isDecoded: true,
        resourceSpans: withoutNegativeZero(data.resourceSpans),
      });
    }),
    { numRuns: 50 },
  );
});

test('protobuf becomes the same JSON and JSON the same protobuf', () => {
  fc.assert(
    fc.property(anyTraces, (data) => {
      const fromJson = readTracesJson(writeTracesJson(data));
      if (!fromJson.isDecoded) throw new Error(fromJson.message);
      const decoded = decodeTraces(encodeTraces(fromJson));
      if (!decoded.isDecoded) throw new Error(decoded.message);
      expect(writeTracesJson(decoded)).toBe(writeTracesJson(data));
    }),
    { numRuns: 50 },
  );
});

test('a request cut at any byte is a problem or a shorter request, and no exception', () => {
  fc.assert(
    fc.property(anyTraces, fc.double({ min: 0, max: 1, noNaN: true }), (data, part) => {
      const bytes = encodeTraces(data);
      const cut = bytes.subarray(0, Math.floor(bytes.length * part));
      const decoded = decodeTraces(cut);
      if (!decoded.isDecoded) expect(decoded.code).toBe('malformed');
    }),
  );
});

test('any bytes are a request or a problem, and no exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(typeof decodeTraces(bytes).isDecoded).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
});

test('a request with any byte changed is a request or a problem, and no exception', () => {
  fc.assert(
    fc.property(anyTraces, fc.nat(), fc.nat({ max: 255 }), (data, at, byte) => {
      const bytes = encodeTraces(data);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      expect(typeof decodeTraces(bytes).isDecoded).toBe('boolean');
    }),
  );
});

test('any JSON is a request or a problem, and no exception', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(typeof readTracesJson(text).isDecoded).toBe('boolean');
    }),
  );
});

/** JSON has no -0. */
function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value)) copy[key] = withoutNegativeZero(member);
  return copy;
}
