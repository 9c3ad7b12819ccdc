import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalXRay } from '../fakes/local-xray.ts';
import { sharedLocal } from '../fakes/shared-local.ts';
import { xrayd } from '../fakes/program.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour, type RecordedRequest } from '../fakes/server.ts';
import { EXAMPLE_CREDENTIALS, EXAMPLE_KEYS } from '../fakes/xray.ts';

const scope = new Scope();

const local = await sharedLocal();
/** Another local X-Ray: it answers as AWS does, and takes the access key id as a token. */
const account = await LocalXRay.of(Scope.shared(), '--token', EXAMPLE_CREDENTIALS.accessKeyId);

test('pull copies traces from an account, signed with its credentials', async () => {
  const ids = [await account.putTrace(), await account.putTrace({ error: true })];
  const args = ['pull', '--endpoint', account.daemon.tcpUrl, '--region', 'eu-west-1', '--api', local.api];
  const one = await xrayd([...args, '--trace-id', ids[0]!], { env: EXAMPLE_KEYS });
  expect(one).toMatchObject({ code: 0, stderr: 'imported 1 trace: 2 documents stored, 0 refused\n' });
  const matching = await xrayd([...args, '--filter', 'error'], { env: EXAMPLE_KEYS });
  expect(matching).toMatchObject({ code: 0, stderr: 'imported 1 trace: 2 documents stored, 0 refused\n' });
  expect((await xrayd([...args, '--filter', 'error ('], { env: EXAMPLE_KEYS })).stderr).toMatch(
    /X-Ray did not return its traces: InvalidRequest/,
  );
  expect((await xrayd(args)).stderr).toMatch(/no AWS credentials. Tried environment/);
});

test('pull --profile uses the credentials of that profile, whatever the environment has', async () => {
  const id = await account.putTrace();
  const file = join(scope.folder(), 'credentials');
  writeFileSync(
    file,
    `[prod]\naws_access_key_id=${EXAMPLE_KEYS.AWS_ACCESS_KEY_ID}\naws_secret_access_key=${EXAMPLE_KEYS.AWS_SECRET_ACCESS_KEY}\n`,
  );
  const keys = {
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent',
    AWS_ROLE_ARN: 'arn:x',
  };
  const args = [
    'pull',
    '--endpoint',
    account.daemon.tcpUrl,
    '--region',
    'eu-west-1',
    '--api',
    local.api,
    '--trace-id',
    id,
  ];
  expect(
    await xrayd([...args, '--profile', 'prod'], { env: { ...keys, AWS_SHARED_CREDENTIALS_FILE: file } }),
  ).toMatchObject({
    code: 0,
    stderr: 'imported 1 trace: 2 documents stored, 0 refused\n',
  });
  const missing = await xrayd([...args, '--profile', 'prdo'], { env: { ...keys, AWS_SHARED_CREDENTIALS_FILE: file } });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toMatch(/^xrayd: no AWS credentials\. Tried .*profile prdo/);
});

/** A gigabyte of blanks, as fast as it is read. */
class Gigabyte extends FakeServer {
  protected override answer(): Behaviour {
    return { status: 200, body: Buffer.alloc(1_000_000_000, ' ') };
  }
}

test('pull ends with one line if the server sends a gigabyte', async () => {
  const account = await scope.start(new Gigabyte());
  const args = ['pull', '--endpoint', account.url, '--region', 'eu-west-1', '--api', local.api];
  const { code, stderr } = await xrayd(args, { env: { ...EXAMPLE_KEYS, NODE_OPTIONS: '--max-old-space-size=512' } });
  expect(stderr).toBe('xrayd: X-Ray did not return its traces: Error: the answer is larger than 67108864 bytes\n');
  expect(code).toBe(1);
});

/** An account that lists two traces and gives one. */
class Forgetful extends FakeServer {
  protected override answer({ target }: RecordedRequest): Behaviour {
    const [here, gone] = ['1-5f84c7a1-0123456789abcdef01234567', '1-5f84c7a1-0123456789abcdef01234568'];
    if (target === '/TraceSummaries') return json({ TraceSummaries: [{ Id: here }, { Id: gone }] });
    const Document = JSON.stringify({
      id: '0123456789abcdef',
      name: 'web',
      trace_id: here,
      start_time: 1_602_537_377,
      end_time: 1_602_537_378,
    });
    return json({ Traces: [{ Id: here, Segments: [{ Id: '0123456789abcdef', Document }] }], UnprocessedTraceIds: [] });
  }
}

test('pull reports a trace that was listed but not returned', async () => {
  const account = await scope.start(new Forgetful());
  const args = ['pull', '--endpoint', account.url, '--region', 'eu-west-1', '--api', local.api];
  expect(await xrayd(args, { env: EXAMPLE_KEYS })).toMatchObject({
    code: 1,
    stderr: 'imported 1 trace: 1 document stored, 0 refused\nxrayd: X-Ray listed 1 trace that it did not return\n',
  });
});
