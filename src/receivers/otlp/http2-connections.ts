import { constants, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { limitChunks } from '../../http/chunks.ts';
import { connectionsWithin } from '../../http/open-files.ts';
import { monotonicMs } from '../../pipeline/clock.ts';

export interface Http2Limits {
  /** Fewer if the limit of open files is small. */
  readonly maxConnections: number;
  /** Limit of the requests under way on all connections together; each costs up to 30 KB before its body is read. */
  readonly maxStreams: number;
  /** The same on one connection. */
  readonly maxStreamsOfOne: number;
  /** Time without traffic after which a connection is closed. */
  readonly idleMs: number;
  /**
   * Time without requests after which a connection may be closed for a new one. Node frees the memory of a connection
   * some time after it was closed, so clients must not replace theirs as fast as they like.
   */
  readonly spareMs: number;
  /** Age at which it may be closed between two requests, so that busy clients do not keep others out. */
  readonly shareMs: number;
}

const MAX_STREAMS = 512;
const IDLE_MS = 300_000;
const SPARE_MS = 1_000;
const SHARE_MS = 5_000;
/** The requests of a full connection, and those that follow the first answers; the same of all connections. */
const MAX_AT_ONCE = 2;
/** Requests of a connection at once that are never too many. */
const FEW_AT_ONCE = 10;

/** The limits of a server with so many connections. Clients connect again when they need to. */
export function http2LimitsOf(limits: Pick<Http2Limits, 'maxConnections' | 'maxStreamsOfOne'>): Http2Limits {
  return {
    ...limits,
    maxStreams: Math.min(MAX_STREAMS, 2 * limits.maxConnections),
    idleMs: IDLE_MS,
    spareMs: SPARE_MS,
    shareMs: SHARE_MS,
  };
}

/** Time for a client to close its side of a connection. Some never do. */
const LINGER_MS = 1_000;

interface Connection {
  /** Of TCP until the session begins, then that of the session. */
  socket: Socket;
  streams: number;
  /** Requests that were refused since one was admitted. */
  refused: number;
  usedAtMs: number;
  readonly beganAtMs: number;
}

/** The connections of an HTTP/2 server. Limits their number and that of their requests, and closes them. */
export class Http2Connections {
  readonly #limits: Http2Limits;
  /** In the order of their last request, oldest first. With TLS, a handshake may be under way. */
  readonly #connections = new Set<Connection>();
  readonly #sessions = new Map<Http2Session, Connection>();
  /** Requests that began since the last turn of the event loop. */
  readonly #busy = new Map<Connection, number>();
  #begun = 0;
  #streams = 0;

  constructor(server: Http2Server, limits: Http2Limits) {
    const maxConnections = connectionsWithin(limits.maxConnections, 'receiver');
    this.#limits = { ...limits, maxConnections };
    // Closes a connection beyond it before it costs anything. One place is kept free where possible.
    server.maxConnections = maxConnections;
    server.on('drop', () => this.#closeIdlest());
    // Node does not give access to the socket of a session. It emits `session` within one of these events, with TLS
    // within the second.
    let accepted: Connection | undefined;
    server.prependListener('connection', (socket: Socket) => (accepted = this.#add(socket)));
    server.prependListener('secureConnection', (socket: Socket) => (accepted = this.#secured(socket)));
    server.on('session', (session) => {
      if (accepted !== undefined) this.#begin(session, accepted);
    });
  }

  /**
   * Counts a request until it ends. False if too many are under way: the request is reset, which tells gRPC clients to
   * send it again; and a client that does so at once, again and again, is disconnected.
   */
  admit(stream: ServerHttp2Stream): boolean {
    const { session } = stream;
    const connection = session === undefined ? undefined : this.#sessions.get(session);
    if (connection !== undefined && this.#isFlooded(connection)) {
      session?.destroy();
      connection.socket.destroy();
      return false;
    }
    if (connection === undefined || this.#streams >= this.#limits.maxStreams) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      if (connection !== undefined && ++connection.refused > this.#limits.maxStreamsOfOne) connection.socket.destroy();
      return false;
    }
    limitChunks(stream, () => {
      session?.destroy();
      connection.socket.destroy();
    });
    connection.refused = 0;
    this.#count(connection, 1);
    stream.once('close', () => this.#count(connection, -1));
    return true;
  }

  /** Tells clients to connect elsewhere, and waits for requests under way. */
  finish(): void {
    for (const session of this.#sessions.keys()) session.close();
  }

  cut(): void {
    // Destroying a session that was told to close would wait for its client.
    for (const { socket } of this.#connections) socket.destroy();
  }

  /**
   * A client that resets its requests could send hundreds in one read of its socket, for all of which Node makes
   * objects; and hundreds of clients that send as many as they may would occupy a turn of the event loop for seconds.
   */
  #isFlooded(connection: Connection): boolean {
    if (this.#busy.size === 0) setImmediate(() => this.#endTurn());
    const requests = (this.#busy.get(connection) ?? 0) + 1;
    this.#busy.set(connection, requests);
    this.#begun++;
    const { maxStreams, maxStreamsOfOne } = this.#limits;
    if (requests > MAX_AT_ONCE * maxStreamsOfOne) return true;
    return this.#begun > MAX_AT_ONCE * maxStreams && requests > FEW_AT_ONCE;
  }

  #endTurn(): void {
    this.#busy.clear();
    this.#begun = 0;
  }

  #add(socket: Socket): Connection {
    const nowMs = monotonicMs();
    const connection = { socket, streams: 0, refused: 0, usedAtMs: nowMs, beganAtMs: nowMs };
    this.#connections.add(connection);
    socket.once('close', () => void this.#connections.delete(connection));
    if (this.#connections.size >= this.#limits.maxConnections) this.#closeIdlest(connection);
    return connection;
  }

  /** TLS has a socket of its own, with the same peer. */
  #secured(socket: Socket): Connection | undefined {
    const connection = this.#connections
      .values()
      .find(
        ({ socket: { remotePort, remoteAddress } }) =>
          remotePort === socket.remotePort && remoteAddress === socket.remoteAddress,
      );
    if (connection !== undefined) connection.socket = socket;
    return connection;
  }

  #begin(session: Http2Session, connection: Connection): void {
    this.#sessions.set(session, connection);
    session.once('close', () => void this.#sessions.delete(session));
    session.setTimeout(this.#limits.idleMs, () => {
      session.close();
      setTimeout(() => connection.socket.destroy(), LINGER_MS).unref();
    });
  }

  /** gRPC clients connect again when they have a request. */
  #closeIdlest(added?: Connection): void {
    const nowMs = monotonicMs();
    const { spareMs, shareMs } = this.#limits;
    for (const connection of this.#connections) {
      const { streams, usedAtMs, beganAtMs } = connection;
      if (connection === added || streams > 0) continue;
      if (usedAtMs > nowMs - spareMs && beganAtMs > nowMs - shareMs) continue;
      this.#connections.delete(connection);
      connection.socket.destroy();
      return;
    }
  }

  #count(connection: Connection, change: 1 | -1): void {
    this.#streams += change;
    connection.streams += change;
    if (!this.#connections.delete(connection)) return;
    connection.usedAtMs = monotonicMs();
    this.#connections.add(connection);
  }
}
