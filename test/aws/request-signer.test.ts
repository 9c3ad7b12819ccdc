import { expect, test } from 'vitest';
import { RequestSigner } from '../../src/aws/request-signer.ts';
import { signedHeaders } from '../../src/aws/signer.ts';
import fc from '../fakes/fast-check.ts';
import { EXAMPLE_CREDENTIALS } from '../fakes/xray.ts';

const HOUR_MS = 3_600_000;
const value = fc.oneof(fc.stringMatching(/^[!-~]{1,20}$/), fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }));

test("signs every request as AWS's own signer does", async () => {
  const signer = new RequestSigner('xray', 'us-east-1');
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        path: fc.oneof(
          fc.constantFrom('/TraceSegments', '/GetSamplingRules', '/'),
          fc.stringMatching(/^\/[A-Za-z0-9._~ %/:@+-]{0,20}$/),
        ),
        query: fc.oneof(
          { weight: 3, arbitrary: fc.constant('') },
          fc.stringMatching(/^[a-z]{1,5}=[A-Za-z0-9 +%]{0,5}$/),
        ),
        host: fc.constantFrom('https://xray.us-east-1.amazonaws.com', 'http://127.0.0.1:2000', 'https://[::1]:8443'),
        body: fc.uint8Array({ maxLength: 100 }),
        headers: fc.dictionary(fc.constantFrom('content-type', 'x-amzn-xray-timestamp', 'user-agent', 'x-b'), value),
        token: fc.option(fc.constant('token'), { nil: undefined }),
        hours: fc.integer({ min: 0, max: 200 }),
        keys: fc.constantFrom(EXAMPLE_CREDENTIALS, { accessKeyId: 'AKIDOTHER', secretAccessKey: 'other' }),
      }),
      async ({ path, query, host, body, headers, token, hours, keys }) => {
        const url = new URL(host);
        url.pathname = path;
        url.search = query;
        const request = { url, method: 'POST', headers, body: Buffer.from(body) };
        const credentials = { ...keys, ...(token === undefined ? {} : { sessionToken: token }) };
        const ms = 1_700_000_000_000 + hours * HOUR_MS;
        const theirs = await signedHeaders(request, credentials, 'xray', 'us-east-1', new Date(ms));
        expect(await signer.sign(request, credentials, ms)).toEqual(theirs);
      },
    ),
    { numRuns: 500 },
  );
});
