import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { FakeServer, type Behaviour, type RecordedRequest } from './server.ts';

interface Version {
  readonly name: string;
  readonly version: string;
  readonly repository?: { readonly url?: string };
  readonly dist: { readonly integrity: string; readonly shasum: string; tarball: string };
}

interface Packument {
  readonly _id: string;
  readonly name: string;
  'dist-tags': Record<string, string>;
  versions: Record<string, Version>;
  readonly access?: string | null;
  readonly _attachments?: Readonly<Record<string, { readonly data: string; readonly length: number }>>;
}

/**
 * The npm registry, as far as `npm publish`, `npm view` and `npm install` need it. It refuses what registry.npmjs.org
 * refuses: no token, a version that exists, a tarball that is not what its description says, a scoped package that is
 * not said to be public, and a package whose repository is not the one that the provenance would name.
 * Verdaccio in its place: docs/decisions/0019-packages-and-release.md.
 */
export class FakeNpmRegistry extends FakeServer {
  readonly token = 'npm_token_of_a_test';
  readonly packages = new Map<string, Packument>();
  readonly #tarballs = new Map<string, Buffer>();
  readonly #repository: string;

  constructor(repository: string) {
    super();
    this.#repository = repository;
  }

  /** For npm, beside its registry: `//host/:_authToken=`. */
  get npmrc(): string {
    const { host } = new URL(this.url);
    return `registry=${this.url}/\n//${host}/:_authToken=${this.token}\naudit=false\nfund=false\nupdate-notifier=false\n`;
  }

  protected answer({ method, target, headers, body }: RecordedRequest): Behaviour {
    const path = decodeURIComponent(target.split('?')[0]!.slice(1));
    if (method === 'GET' && path.includes('/-/')) {
      const tarball = this.#tarballs.get(path);
      return tarball === undefined ? refusal(404, 'no such tarball') : { status: 200, body: tarball };
    }
    if (method === 'GET') {
      const found = this.packages.get(path);
      return found === undefined ? refusal(404, 'not found') : json(200, found);
    }
    if (method !== 'PUT') return refusal(405, `no ${method}`);
    if (headers['authorization'] !== `Bearer ${this.token}`) return refusal(401, 'not logged in');
    return this.#publish(path, JSON.parse(body.toString()) as Packument);
  }

  #publish(path: string, sent: Packument): Behaviour {
    const [version, ...others] = Object.values(sent.versions);
    const [[file, attachment] = [], ...moreFiles] = Object.entries(sent._attachments ?? {});
    if (version === undefined || file === undefined || attachment === undefined || others.length + moreFiles.length > 0)
      return refusal(400, 'one version with one tarball, please');
    const existing = this.packages.get(path);
    if (existing?.versions[version.version] !== undefined)
      return refusal(403, 'You cannot publish over the previously published versions');
    if (path.startsWith('@') && sent.access !== 'public') return refusal(402, 'a private package needs a plan');
    const tarball = Buffer.from(attachment.data, 'base64');
    const sum = (algorithm: string, encoding: 'hex' | 'base64'): string =>
      createHash(algorithm).update(tarball).digest(encoding);
    const manifest = manifestIn(tarball);
    const claims: Readonly<Record<string, boolean>> = {
      name: sent._id === path && sent.name === path && version.name === path && manifest.name === path,
      version: manifest.version === version.version,
      length: attachment.length === tarball.length,
      integrity: version.dist.integrity === `sha512-${sum('sha512', 'base64')}`,
      shasum: version.dist.shasum === sum('sha1', 'hex'),
      'dist-tags': Object.values(sent['dist-tags']).join() === version.version,
      'repository.url, which the provenance verifies': version.repository?.url === this.#repository,
    };
    const wrong = Object.keys(claims).filter((claim) => claims[claim] === false);
    if (wrong.length > 0) return refusal(422, `wrong: ${wrong.join(', ')}`);
    const place = `${path}/-/${file.split('/').at(-1)}`;
    this.#tarballs.set(place, tarball);
    version.dist.tarball = `${this.url}/${place}`;
    this.packages.set(path, {
      _id: path,
      name: path,
      'dist-tags': { ...existing?.['dist-tags'], ...sent['dist-tags'] },
      versions: { ...existing?.versions, [version.version]: version },
    });
    return json(201, { ok: true });
  }
}

function json(status: number, body: unknown): Behaviour {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function refusal(status: number, error: string): Behaviour {
  return json(status, { error });
}

/** package/package.json of an npm tarball. A tar file is blocks of 512 bytes: a header with name and size, the file. */
function manifestIn(tarball: Buffer): { name?: string; version?: string } {
  const tar = gunzipSync(tarball);
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === 'package/package.json')
      return JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)) as { name?: string; version?: string };
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return {};
}
