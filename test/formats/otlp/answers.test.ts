import { expect, test } from 'vitest';
import { exportAnswer, RPC_CODE, statusAnswer } from '../../../src/formats/otlp/answers.ts';

const NONE = { spans: 0, message: '' };

test('when all spans are accepted, partial_success is unset', () => {
  expect(exportAnswer(NONE, 'protobuf')).toHaveLength(0);
  expect(exportAnswer(NONE, 'json').toString()).toBe('{}');
});

test.each([
  [{ spans: 3, message: 'span_id is missing (3)' }, `0a1a08031216${hex('span_id is missing (3)')}`],
  [{ spans: 300, message: '' }, '0a0308ac02'],
  [{ spans: 0, message: 'metrics are not kept' }, `0a161214${hex('metrics are not kept')}`],
])('%j is a partial success', (rejected, protobuf) => {
  expect(exportAnswer(rejected, 'protobuf').toString('hex')).toBe(protobuf);
  expect(JSON.parse(exportAnswer(rejected, 'json').toString())).toEqual({
    partialSuccess: { rejectedSpans: String(rejected.spans), errorMessage: rejected.message },
  });
});

test('a problem is a google.rpc.Status', () => {
  const status = { code: RPC_CODE.invalidArgument, message: 'no' };
  expect(statusAnswer(status, 'protobuf').toString('hex')).toBe(`08031202${hex('no')}`);
  expect(JSON.parse(statusAnswer(status, 'json').toString())).toEqual({ code: 3, message: 'no' });
});

test('a full buffer says when to try again', () => {
  const status = { code: RPC_CODE.unavailable, message: '', retryAfterMs: 1500 };
  const type = 'type.googleapis.com/google.rpc.RetryInfo';
  // Any {1: type, 2: RetryInfo {1: Duration {1: seconds, 2: nanoseconds}}}
  const retryInfo = '0a0808011080cab5ee01';
  const any = `0a${length(type)}${hex(type)}120a${retryInfo}`;
  expect(statusAnswer(status, 'protobuf').toString('hex')).toBe(`080e1a${(any.length / 2).toString(16)}${any}`);
  expect(JSON.parse(statusAnswer(status, 'json').toString())).toEqual({
    code: 14,
    message: '',
    details: [{ '@type': type, retryDelay: '1.5s' }],
  });
});

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

function length(text: string): string {
  return text.length.toString(16).padStart(2, '0');
}
