import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEvery } from '../pipeline/collector.ts';
import { limitChunks } from './chunks.ts';
import { connectionsWithin } from './open-files.ts';

/**
 * Clients normally wait for the response before the next request. One read of 64 KB from a socket may contain a
 * thousand small requests.
 */
const MAX_PIPELINED = 8;

/** A share of `maxUnreadBytes` reserved for small responses, so that unread large ones do not block them. */
const SMALL_SHARE = 1 / 4;

const GARBAGE_BYTES = 8 * 1024 * 1024;

export interface ConnectionLimitsConfig {
  /** Fewer if the limit of open files is small. */
  readonly maxConnections: number;
  /** `receiver`: one of the servers of other protocols, which share the files that they may open. */
  readonly server?: 'base' | 'receiver';
  /**
   * What happens beyond `maxConnections`: the new connection is closed, so that nobody loses a request under way (the
   * default); or the oldest one is, so that nobody can keep a health probe out.
   */
  readonly beyondMax?: 'close new' | 'close oldest';
  /** Limit of all responses together that clients have not read. */
  readonly maxUnreadBytes: number;
  /**
   * Called whenever another few megabytes of responses have been sent; V8 would let such garbage grow beyond the memory
   * limit.
   */
  readonly onGarbage?: () => void;
}

/** Limits the memory that a server's connections use, each and together. */
export class ConnectionLimits {
  readonly #maxUnreadBytes: number;
  /** Admitted requests without a complete response. */
  readonly #open = new WeakMap<Socket, Set<ServerResponse>>();
  /** The response to the last request of a connection. */
  readonly #last = new WeakMap<Socket, ServerResponse>();
  readonly #noteGarbage: (bytes: number) => void;
  readonly #unreadBytes = { large: 0, small: 0 };

  constructor(
    server: Server,
    {
      maxConnections,
      server: share = 'base',
      beyondMax = 'close new',
      maxUnreadBytes,
      onGarbage = () => {},
    }: ConnectionLimitsConfig,
  ) {
    const most = connectionsWithin(maxConnections, share);
    if (beyondMax === 'close new') server.maxConnections = most;
    else closeOldest(server, most);
    this.#maxUnreadBytes = maxUnreadBytes;
    this.#noteGarbage = afterEvery(GARBAGE_BYTES, onGarbage);
  }

  /** Whether another large response may be sent. */
  get hasCapacity(): boolean {
    return this.#unreadBytes.large <= this.#maxUnreadBytes;
  }

  /** Whether another small response may be sent. */
  get hasSmallCapacity(): boolean {
    return this.#unreadBytes.small <= this.#maxUnreadBytes * SMALL_SHARE;
  }

  /**
   * Counts a request until it is answered. False if its connection has too many open requests; the connection is closed
   * without a response.
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const open = this.#open.get(socket) ?? new Set();
    if (socket.destroyed || open.size === MAX_PIPELINED) {
      cut(socket);
      return false;
    }
    limitChunks(request, () => cut(socket));
    // Node drops the rest of a body that nobody has begun to read, uncounted.
    response.prependListener('finish', () => {
      if (request.complete) return;
      request.read(0);
      request.resume();
    });
    this.#open.set(socket, open.add(response));
    this.#last.set(socket, response);
    response.once('close', () => void open.delete(response));
    return true;
  }

  /**
   * Resolves when all complete requests of a connection are answered, and all started responses are written: with false
   * if the last request is incomplete but has already been answered.
   */
  async whenAnswered(socket: Socket): Promise<boolean> {
    const isUnderWay = (response: ServerResponse): boolean => response.req.complete || response.headersSent;
    for (let next; (next = this.#open.get(socket)?.values().find(isUnderWay)) !== undefined;) await once(next, 'close');
    const last = this.#last.get(socket);
    return last === undefined || last.req.complete || !last.headersSent;
  }

  /** Counts a response of `bytes` until the client has read it. */
  answering(response: ServerResponse, bytes: number, size: 'large' | 'small' = 'large'): void {
    if (response.closed) return;
    this.#unreadBytes[size] += bytes;
    response.once('close', () => {
      this.#unreadBytes[size] -= bytes;
      this.#noteGarbage(bytes);
    });
  }
}

/** A set keeps the order in which its elements were added. */
function closeOldest(server: Server, maxConnections: number): void {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => void sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size <= maxConnections || oldest === undefined) return;
    sockets.delete(oldest);
    oldest.destroy();
  });
}

function cut(socket: Socket): void {
  stopParsing(socket);
  socket.destroy();
}

/**
 * Stops parsing the rest of the same read. 64 KB can hold 2,000 requests, whose objects take 5 MB until the
 * connection is closed, and hundreds of connections may be read before that. Node has no documented call for this; it
 * does the same itself before it frees a parser.
 */
function stopParsing(socket: Socket & { readonly parser?: { remove?: () => void } | null }): void {
  socket.parser?.remove?.();
}
