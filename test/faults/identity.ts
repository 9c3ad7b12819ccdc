import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeContainerCredentials, FakeSts } from '../fakes/identity.ts';

export type IdentityKind = 'web_identity' | 'container';

const TOKEN = 'token-of-the-run';

/** Who gives the daemon its credentials, and can be told not to answer. */
export class Identity {
  readonly #server: FakeSts | FakeContainerCredentials;
  readonly #folder: string;
  /** Where the daemon finds it. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(
    server: FakeSts | FakeContainerCredentials,
    folder: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.#server = server;
    this.#folder = folder;
    this.env = env;
  }

  static async start({
    kind,
    hangs,
    lifetimeMs,
  }: {
    kind: IdentityKind;
    hangs: number;
    lifetimeMs: number;
  }): Promise<Identity> {
    const folder = mkdtempSync(join(tmpdir(), 'xrayd-identity-'));
    const server = kind === 'web_identity' ? new FakeSts() : new FakeContainerCredentials();
    server.isRemembering = false;
    server.hangs = hangs;
    server.lifetimeMs = lifetimeMs;
    await server.start();
    if (server instanceof FakeContainerCredentials) {
      server.token = TOKEN;
      const env = {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: TOKEN,
      };
      return new Identity(server, folder, env);
    }
    const file = join(folder, 'token');
    writeFileSync(file, TOKEN);
    server.webIdentityToken = TOKEN;
    const role = 'arn:aws:iam::123456789012:role/app';
    return new Identity(server, folder, {
      AWS_ROLE_ARN: role,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ENDPOINT_URL_STS: server.url,
    });
  }

  /** What it has given; X-Ray knows all of it. */
  get issued(): FakeSts['issued'] {
    return this.#server.issued;
  }

  /** The next `calls` are taken and never answered. */
  hang(calls: number): void {
    this.#server.hangs = calls;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
