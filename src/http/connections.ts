import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { everyBytes } from '../pipeline/collector.ts';

/** Clients send the next request after the answer. 64 KB, as they are read from a socket, may hold a thousand small ones. */
const MAX_PIPELINED = 8;

/** Of `maxUnreadBytes`, and beside it: large answers that nobody reads do not keep small ones away. */
const SMALL_SHARE = 1 / 4;

const GARBAGE_BYTES = 8 * 1024 * 1024;

export interface ConnectionLimitsConfig {
  readonly maxConnections: number;
  /** Of all answers together that clients have not read. */
  readonly maxUnreadBytes: number;
  /** Told each time that the answers since the last time are some megabytes, which V8 would let grow to more than the memory limit. */
  readonly onGarbage?: () => void;
}

/** Bounds what the connections of a server may hold, each and together. */
export class ConnectionLimits {
  readonly #maxUnreadBytes: number;
  /** What was admitted and is not answered. */
  readonly #open = new WeakMap<Socket, Set<ServerResponse>>();
  /** To the last request of a connection. */
  readonly #last = new WeakMap<Socket, ServerResponse>();
  readonly #noteGarbage: (bytes: number) => void;
  readonly #unreadBytes = { large: 0, small: 0 };

  constructor(server: Server, { maxConnections, maxUnreadBytes, onGarbage = () => {} }: ConnectionLimitsConfig) {
    server.maxConnections = maxConnections;
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#noteGarbage = everyBytes(GARBAGE_BYTES, onGarbage);
  }

  /** Whether there is room for another large answer. */
  get hasCapacity(): boolean {
    return this.#unreadBytes.large <= this.#maxUnreadBytes;
  }

  /** The same for small answers. */
  get hasSmallRoom(): boolean {
    return this.#unreadBytes.small <= this.#maxUnreadBytes * SMALL_SHARE;
  }

  /** Counts a request until it is answered. False for one too many on its connection, which is closed: nobody answers it. */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const open = this.#open.get(socket) ?? new Set();
    if (socket.destroyed || open.size === MAX_PIPELINED) {
      stopParsing(socket);
      socket.destroy();
      return false;
    }
    this.#open.set(socket, open.add(response));
    this.#last.set(socket, response);
    response.once('close', () => void open.delete(response));
    return true;
  }

  /**
   * Resolves when the requests of a connection that came whole are answered, and answers that have begun are written: with false when the last request
   * has not come whole, and is answered all the same.
   */
  async whenAnswered(socket: Socket): Promise<boolean> {
    const isUnderWay = (response: ServerResponse): boolean => response.req.complete || response.headersSent;
    for (let next; (next = this.#open.get(socket)?.values().find(isUnderWay)) !== undefined;) await once(next, 'close');
    const last = this.#last.get(socket);
    return last === undefined || last.req.complete || !last.headersSent;
  }

  /** Counts an answer of `bytes` until the client has taken it. */
  answering(response: ServerResponse, bytes: number, size: 'large' | 'small' = 'large'): void {
    if (response.closed) return;
    this.#unreadBytes[size] += bytes;
    response.once('close', () => {
      this.#unreadBytes[size] -= bytes;
      this.#noteGarbage(bytes);
    });
  }
}

/**
 * What was read together with the request is not parsed either. 64 KB hold 2,000 requests, whose objects take 5 MB until the connection has closed, and
 * hundreds of connections may be read before that. Node has no documented call for it: this is what it does itself before it frees a parser.
 */
function stopParsing(socket: Socket & { readonly parser?: { remove?: () => void } | null }): void {
  socket.parser?.remove?.();
}
