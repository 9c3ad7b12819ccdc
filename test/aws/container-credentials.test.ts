import { expect, test } from 'vitest';
import { containerCredentials } from '../../src/aws/container-credentials.ts';
import { Scope } from '../fakes/scope.ts';
import { FakeServer, json, type Behaviour } from '../fakes/server.ts';

const scope = new Scope();

class Agent extends FakeServer {
  given: object = {};

  protected override answer(): Behaviour {
    return json(this.given);
  }
}

async function from(given: object): Promise<object> {
  const agent = await scope.start(new Agent());
  agent.given = given;
  return containerCredentials(
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/credentials` },
    AbortSignal.timeout(5_000),
  );
}

const KEYS = { AccessKeyId: 'AKIA', SecretAccessKey: 'secret' };
const TAKEN = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
const END = '2030-01-02T03:04:05Z';

test.each<[what: string, given: object, taken: object]>([
  ['all of it', { Token: 't', Expiration: END }, { sessionToken: 't', expiration: new Date(END) }],
  ['no Expiration', { Token: 't' }, { sessionToken: 't' }],
  ['no Token', { Expiration: END }, { expiration: new Date(END) }],
  ['neither, as null', { Token: null, Expiration: null }, {}],
  ['an empty Token', { Token: '' }, {}],
])('accepts an answer of the container agent with %s, as the SDK for Go does', async (_, given, taken) => {
  expect(await from({ ...KEYS, ...given })).toEqual({ ...TAKEN, ...taken });
});

test.each<[what: string, given: object]>([
  ['without a secret', { AccessKeyId: 'AKIA' }],
  ['with a Token that is no text', { ...KEYS, Token: 7 }],
  ['with an Expiration that is no date', { ...KEYS, Expiration: 'soon' }],
])('refuses an answer of the container agent %s', async (_, given) => {
  await expect(from(given)).rejects.toThrow(
    'the response lacks AccessKeyId or SecretAccessKey, or its Token or Expiration is malformed',
  );
});
