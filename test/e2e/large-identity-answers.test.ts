import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { eventually } from '../fakes/eventually.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();
const LARGER = /the answer is larger than \d+ bytes/;

/** The URL of a server that answers everything with 2 MB: XML for STS, JSON for the others. */
async function large(type: string, status: number): Promise<string> {
  const text = 'x'.repeat(2_000_000);
  const body =
    type === 'text/xml'
      ? `<ErrorResponse><Error><Code>A</Code><Message>${text}</Message></Error></ErrorResponse>`
      : JSON.stringify({ text });
  const server = createServer((request, answer) => {
    request.resume();
    answer.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  scope.add(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function expectRefusal(env: Readonly<Record<string, string>>): Promise<void> {
  const daemon = await scope.daemon({ args: ['--endpoint', 'http://127.0.0.1:1', '-n', 'us-east-1'], env });
  await eventually(() => LARGER.test(JSON.stringify(daemon.find(/no AWS credentials/) ?? '')));
  expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
}

// An answer of 10 MB stopped the process for seconds while it was parsed; without an end it took all memory.
test.each([200, 400])('refuses an STS answer (%i) that is too large for credentials', async (status) => {
  const file = join(scope.folder(), 'token');
  writeFileSync(file, 'token');
  const sts = await large('text/xml', status);
  await expectRefusal({
    AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/app',
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ENDPOINT_URL_STS: sts,
  });
});

test('refuses an SSO answer that is too large', async () => {
  const home = scope.folder();
  const cache = join(home, '.aws/sso/cache');
  mkdirSync(cache, { recursive: true });
  const session = '[sso-session corp]\nsso_region=us-east-1\nsso_start_url=https://corp.awsapps.com/start\n';
  writeFileSync(
    join(home, '.aws/config'),
    `${session}[profile dev]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=dev\n`,
  );
  const token = { accessToken: 'a', expiresAt: new Date(Date.now() + 3_600_000).toISOString(), region: 'us-east-1' };
  writeFileSync(join(cache, `${createHash('sha1').update('corp').digest('hex')}.json`), JSON.stringify(token));
  await expectRefusal({ HOME: home, AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_SSO: await large('application/json', 200) });
});

test('stops reading an instance metadata answer that is much too large', async () => {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  const sentOfEach: number[] = [];
  const server = createServer((request, answer) => {
    request.resume();
    const { socket } = request;
    answer.on('close', () => sentOfEach.push(socket.bytesWritten));
    Readable.from(Array.from({ length: 640 }, () => chunk)).pipe(answer);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  scope.add(() => (server.closeAllConnections(), server.close()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: url };
  const args = ['--endpoint', 'http://127.0.0.1:1', '-n', 'us-east-1'];
  const daemon = await scope.daemon({ args, env });
  await eventually(() => daemon.find(/no AWS credentials/) !== undefined);
  const withoutRegion = scope.spawn({ args: [], env: { ...env, ECS_CONTAINER_METADATA_URI_V4: url } });
  expect((await withoutRegion.end()).code).toBe(1);
  expect(withoutRegion.stderr).toMatch(/ECS metadata: the answer is larger than 1048576 bytes/);
  expect(sentOfEach.length).toBeGreaterThanOrEqual(3);
  // What the sockets' buffers take is not read.
  expect(Math.max(...sentOfEach)).toBeLessThan(640 * chunk.length);
});
