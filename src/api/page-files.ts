import type { FastifyReply } from 'fastify';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FIRST_ROWS, SCREEN_PATHS } from './page-types.ts';
import type { ApiServer } from './operation.ts';
import { Text } from './query-string.ts';
import * as Type from './type.ts';

/** The release build puts the page here, so that the program stays one file: gzip in base64 by path. */
declare const PAGE_FILES: Readonly<Record<string, string>> | undefined;

const HTML = 'text/html; charset=utf-8';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Forbids external resources and framing. The editor inserts inline styles. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Loads the first page of the list at `/` in parallel with the code of the page. Omitted if the address has a search,
 * because browsers warn about an unused preload.
 */
const PRELOAD = `</api/traces?filter=&limit=${FIRST_ROWS}>; rel=preload; as=fetch; crossorigin=anonymous`;
const ListParameters = { q: Text, text: Text, range: Text, from: Text, to: Text, pinned: Text };
const PageAddress = Type.Object({ token: Text, ...ListParameters });

const NOT_BUILT = '<!doctype html><title>xrayd</title><p>The page has not been built: run <code>npm run build</code>.';

/** The routes that answer with nothing but the page itself, whose own code picks the screen. */
export const PAGE_PATHS: ReadonlySet<string> = new Set(SCREEN_PATHS);

const Asset = Type.Object({ name: Type.String() });

/** The page's files. Those with a hash in their names never change. */
export function addPageFiles(app: ApiServer): void {
  const files = readFiles();
  const html = files.get('index.html') ?? gzipSync(NOT_BUILT);
  for (const place of SCREEN_PATHS) {
    app.get(place, { schema: { querystring: PageAddress } }, async (request, reply) => {
      const { token } = request.query;
      if (token !== undefined) return keepToken(token, request.url, reply);
      void reply.headers({
        'content-security-policy': POLICY,
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      });
      if (place === '/' && !Object.keys(ListParameters).some((name) => Object.hasOwn(request.query, name)))
        void reply.header('link', PRELOAD);
      return sendFile(request.headers['accept-encoding'], reply.type(HTML), html);
    });
  }
  app.get('/assets/:name', { schema: { params: Asset } }, async (request, reply) => {
    const { name } = request.params;
    const file = files.get(`assets/${name}`);
    if (file === undefined) return reply.callNotFound();
    void reply.header('cache-control', 'max-age=31536000, immutable');
    return sendFile(
      request.headers['accept-encoding'],
      reply.type(TYPES[extname(name)] ?? 'application/octet-stream'),
      file,
    );
  });
}

/** The token has been checked. From now on the browser sends it as a cookie, and the address no longer contains it. */
async function keepToken(token: string, url: string, reply: FastifyReply): Promise<FastifyReply> {
  const here = new URL(url, 'http://localhost');
  here.searchParams.delete('token');
  void reply.header('set-cookie', `xrayd-token=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict`);
  return reply.redirect(here.pathname + here.search, 303);
}

async function sendFile(
  accepted: string | string[] | undefined,
  reply: FastifyReply,
  file: Buffer,
): Promise<FastifyReply> {
  void reply.header('vary', 'accept-encoding');
  if (!/\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(accepted))) return reply.send(gunzipSync(file));
  return reply.header('content-encoding', 'gzip').send(file);
}

function readFiles(): ReadonlyMap<string, Buffer> {
  if (typeof PAGE_FILES !== 'undefined')
    return new Map(Object.entries(PAGE_FILES).map(([path, text]) => [path, Buffer.from(text, 'base64')]));
  // From source, the page is what `npm run build` made last.
  const folder = new URL('../../../dist/page/', import.meta.url);
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    paths.map(({ parentPath, name }) => {
      const path = `${parentPath}/${name}`;
      return [
        path.slice(path.indexOf('dist/page/') + 'dist/page/'.length).replace(/^\/+/, ''),
        gzipSync(readFileSync(path)),
      ];
    }),
  );
}
