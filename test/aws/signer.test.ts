import { PutTraceSegmentsCommand, XRayClient } from '@aws-sdk/client-xray';
import fc from '../fakes/fast-check.ts';
import { expect, test } from 'vitest';
import { BodyPool } from '../../src/aws/body-pool.ts';
import { bodyParts } from '../../src/aws/encode.ts';
import { signedHeaders } from '../../src/aws/signer.ts';
import { DATAGRAMS } from '../fakes/fixtures.ts';
import { signatureProblem } from '../fakes/sigv4.ts';
import { EXAMPLE_CREDENTIALS } from '../fakes/xray.ts';

const segmentOf = (bytes: Buffer) => ({
  chunk: bytes,
  start: 0,
  end: bytes.length,
  arrivedAtMs: 0,
  format: 'xray' as const,
});
const batch = DATAGRAMS.slice(0, 50).map(({ document }) => segmentOf(document));

test("makes the same body from the documents as AWS's own client", async () => {
  let theirs: { path: string; method: string; body: unknown; headers: Record<string, string> } | undefined;
  const requestHandler = {
    handle: (request: NonNullable<typeof theirs>) => {
      theirs = request;
      return Promise.reject(new Error('not sent'));
    },
  };
  const client = new XRayClient({
    region: 'us-east-1',
    credentials: EXAMPLE_CREDENTIALS,
    requestHandler: requestHandler as never,
    maxAttempts: 1,
  });
  const TraceSegmentDocuments = DATAGRAMS.slice(0, 50).map(({ document }) => document.toString());
  await client.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments })).catch(() => {});
  expect(theirs?.method).toBe('POST');
  expect(theirs?.path).toBe('/TraceSegments');
  expect(theirs?.headers['content-type']).toBe('application/json');
  expect(new BodyPool().take(bodyParts(batch))).toEqual(Buffer.from(theirs?.body as Uint8Array));
});

test('another implementation accepts the signature, for any body, path and query', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.stringMatching(/^\/[A-Za-z0-9._~/-]{0,20}$/),
      fc.stringMatching(/^[a-z]{1,5}=[A-Za-z0-9._~-]{0,5}$/),
      async (bytes, path, query) => {
        const url = new URL('https://xray.us-east-1.amazonaws.com');
        url.pathname = path.replaceAll(/\/{2,}/g, '/');
        url.search = query;
        const body = Buffer.from(bytes);
        const credentials = { ...EXAMPLE_CREDENTIALS, sessionToken: 'token' };
        const request = {
          url,
          method: 'POST',
          headers: { 'content-type': 'application/json', 'user-agent': 'x' },
          body,
        };
        const headers = await signedHeaders(request, credentials, 'xray', 'us-east-1', new Date());
        expect(headers['x-amz-security-token']).toBe('token');
        expect(
          signatureProblem({ method: 'POST', target: url.pathname + url.search, headers, body }, 'xray', 'us-east-1', [
            credentials,
          ]),
        ).toBeUndefined();
        const tampered = {
          method: 'POST',
          target: url.pathname + url.search,
          headers,
          body: Buffer.concat([body, Buffer.from('x')]),
        };
        expect(signatureProblem(tampered, 'xray', 'us-east-1', [credentials])).toBe('InvalidSignatureException');
      },
    ),
    { numRuns: 50 },
  );
});

test('every document comes out of the body unchanged', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 10 }), (documents) => {
      const encoded = new BodyPool().take(bodyParts(documents.map((text) => segmentOf(Buffer.from(text)))));
      const wellFormed = documents.map((text) => Buffer.from(text).toString());
      expect((JSON.parse(encoded.toString()) as { TraceSegmentDocuments: string[] }).TraceSegmentDocuments).toEqual(
        wellFormed,
      );
    }),
  );
});
