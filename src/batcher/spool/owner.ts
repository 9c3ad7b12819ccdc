import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { systemCodeOf } from '../../pipeline/errors.ts';

/** The longest path of a Unix socket that every system takes. */
const MAX_SOCKET_PATH = 100;
export const OWNER_FILE = 'owner.sock';

/**
 * Marks a folder as in use for as long as this process lives, whatever ends it: a socket that answers has a living owner, also across
 * containers, where process ids mean nothing. Resolves with what releases it, or with `taken` when another process answers.
 * Where there are no such sockets the folder counts as one's own.
 */
export async function ownFolder(folder: string): Promise<(() => void) | 'taken'> {
  const path = join(folder, OWNER_FILE);
  const release = (server: Server) => () => void server.close();
  if (path.length > MAX_SOCKET_PATH || process.platform === 'win32') return () => {};
  try {
    return release(await listen(path));
  } catch (error) {
    if (systemCodeOf(error) !== 'EADDRINUSE') return () => {};
  }
  if (await answers(path)) return 'taken';
  try {
    await unlink(path);
    return release(await listen(path));
  } catch {
    return () => {};
  }
}

function listen(path: string): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const server = createServer((socket) => socket.destroy());
  server.once('error', reject);
  server.listen(path, () => resolve(server));
  // The mark must not keep the process alive.
  server.unref();
  return promise;
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
