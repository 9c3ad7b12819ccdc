import { constants, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { connectionsWithin } from '../../http/open-files.ts';

export interface Http2Limits {
  /** Fewer if the limit of open files is small. */
  readonly maxConnections: number;
  /** Limit of the requests under way on all connections together; each costs up to 30 KB before its body is read. */
  readonly maxStreams: number;
  /** Time without traffic after which a connection is closed. */
  readonly idleMs: number;
}

/** Time for a client to close its side of a connection. Some never do. */
const LINGER_MS = 1_000;

/** The connections of an HTTP/2 server. Limits their number and that of their requests, and closes them. */
export class Http2Connections {
  readonly #limits: Http2Limits;
  /** In the order of their last request, oldest first. */
  readonly #sockets = new Map<Http2Session, Socket>();
  /** Includes sockets without a session, which Node creates after the TLS handshake. */
  readonly #accepted = new Set<Socket>();
  readonly #openStreams = new WeakMap<Http2Session, number>();
  #streams = 0;

  constructor(server: Http2Server, limits: Http2Limits) {
    this.#limits = { ...limits, maxConnections: connectionsWithin(limits.maxConnections, 'receiver') };
    // Node does not give access to the socket of a session. It emits `session` within one of these events, with TLS
    // within the second.
    let accepted: Socket | undefined;
    for (const event of ['connection', 'secureConnection'])
      server.prependListener(event, (socket: Socket) => (accepted = socket));
    server.on('connection', (socket: Socket) => {
      this.#accepted.add(socket);
      socket.once('close', () => void this.#accepted.delete(socket));
    });
    server.on('session', (session) => {
      if (accepted !== undefined) this.#add(session, accepted);
    });
  }

  /**
   * Counts a request until it ends. False if too many are under way: the request is reset, which tells gRPC clients to
   * send it again.
   */
  admit(stream: ServerHttp2Stream): boolean {
    const { session } = stream;
    if (session === undefined || this.#streams >= this.#limits.maxStreams) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    this.#count(session, 1);
    stream.once('close', () => this.#count(session, -1));
    return true;
  }

  /** Tells clients to connect elsewhere, and waits for requests under way. */
  finish(): void {
    for (const session of this.#sockets.keys()) session.close();
  }

  cut(): void {
    // Destroying a session that was told to close would wait for its client.
    for (const socket of [...this.#sockets.values(), ...this.#accepted]) socket.destroy();
  }

  #add(session: Http2Session, socket: Socket): void {
    this.#sockets.set(session, socket);
    session.once('close', () => void this.#sockets.delete(session));
    session.setTimeout(this.#limits.idleMs, () => {
      session.close();
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    });
    if (this.#sockets.size > this.#limits.maxConnections) this.#closeIdlest();
  }

  /** gRPC clients connect again when they have a request. If all others have one, the new connection is closed. */
  #closeIdlest(): void {
    for (const [session, socket] of this.#sockets) {
      if ((this.#openStreams.get(session) ?? 0) > 0) continue;
      this.#sockets.delete(session);
      socket.destroy();
      return;
    }
  }

  #count(session: Http2Session, change: 1 | -1): void {
    this.#streams += change;
    const open = (this.#openStreams.get(session) ?? 0) + change;
    this.#openStreams.set(session, open);
    const socket = this.#sockets.get(session);
    if (open > 0 || socket === undefined) return;
    this.#sockets.delete(session);
    this.#sockets.set(session, socket);
  }
}
