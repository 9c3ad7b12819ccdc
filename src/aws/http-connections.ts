import type { Socket } from 'node:net';
import { monotonicMs } from '../pipeline/clock.ts';
import { AnswerReader } from './answer-reader.ts';
import {
  failureOf,
  isTrustedNow,
  MESSAGES,
  type FailureCode,
  type HttpAnswer,
  type HttpExchange,
  type HttpFailure,
} from './http-call.ts';
import { openSocket, portOf, proxyAuthorization } from './http-socket.ts';
import { trustGeneration } from './trust.ts';

/** `headers` are all but `connection`. `body` may be used again once the exchange has ended with an answer. */
export interface HttpRequest extends HttpExchange {
  /** Path and query, escaped. */
  readonly target: string;
  /** Memory that ends with `body`: the head is written before it, if it fits, so that both are written as one. */
  readonly memory?: Buffer | undefined;
}

export interface ConnectionsConfig {
  /** Scheme, host and port of the server. */
  readonly url: URL;
  readonly proxy?: URL | undefined;
  readonly noVerifySsl: boolean;
  readonly maxSockets: number;
}

/** Idle connections are closed this long before the server said it closes them. As in Node. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

/** Characters that a header may not contain. Source: RFC 9110, 5.5. */
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Connections to one server that are kept alive, and the exchanges on them: an HTTP/1.1 client for X-Ray's calls, of
 * which a busy daemon makes hundreds per second. It runs fewer functions per call than node:https, which matters because
 * at such rates V8 runs most of them unoptimised (docs/decisions/0017-http-client.md).
 * Whatever is unusual ends the connection, and the exchange is a failure with a code.
 */
export class HttpConnections {
  readonly #config: ConnectionsConfig;
  /** The last one is used next, so that those that are not needed are closed by the server. */
  readonly #idle: Connection[] = [];
  readonly #waiting: Exchange[] = [];
  readonly #cancellations = new Cancellations();
  /** Every connection until its socket has closed. */
  readonly #all = new Set<Connection>();
  #opening = 0;
  #session: Buffer | undefined;
  /** Connections of an earlier generation are not used again. */
  #generation = 0;
  #isClosed = false;

  constructor(config: ConnectionsConfig) {
    this.#config = config;
  }

  /** One exchange. Never rejects: every error is a failure with a code. */
  exchange(request: HttpRequest): Promise<HttpAnswer | HttpFailure> {
    return new Promise((resolve) => {
      const exchange = new Exchange(request, this.#headOf(request), this.#cancellations, resolve);
      if (!exchange.isSettled) this.#start(exchange);
    });
  }

  /** Closes idle connections, and busy ones after their exchange: the next exchange resolves the name again. */
  renew(): void {
    this.#generation++;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  /** Ends all exchanges. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.destroy();
    for (const exchange of this.#waiting.splice(0)) exchange.fail('aborted', 'the connections are closed');
  }

  #start(exchange: Exchange): void {
    const nowMs = monotonicMs();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isOpen && idle.usableUntilMs > nowMs) return idle.send(exchange);
      idle.destroy();
    }
    this.#connect(exchange);
  }

  #connect(exchange: Exchange): void {
    if (this.#isClosed) return exchange.fail('aborted', 'the connections are closed');
    if (this.#all.size + this.#opening >= this.#config.maxSockets) {
      this.#waiting.push(exchange);
      return;
    }
    this.#opening++;
    const generation = this.#generation;
    const trusted = trustGeneration();
    const isOver = (): void => {
      this.#opening--;
      exchange.cancel = undefined;
    };
    const giveUp = openSocket(this.#config, this.#session, {
      onOpen: (socket, onBytes) => {
        isOver();
        if (this.#isClosed) {
          socket.destroy();
          return exchange.fail('aborted', 'the connections are closed');
        }
        const connection: Connection = new Connection(socket, this.#config.url.host, {
          onFree: () => this.#onFree(connection, generation),
          onClosed: () => this.#onClosed(connection),
          onUnread: (unread) => this.#connect(unread),
        });
        onBytes((bytes) => connection.feed(bytes));
        this.#all.add(connection);
        connection.send(exchange);
      },
      onError: (error) => {
        isOver();
        const failure = failureOf(error, this.#config.url.host);
        if (failure.code === 'tls') this.#session = undefined;
        if (!exchange.isRepeated && isTrustedNow(error, trusted)) {
          exchange.isRepeated = true;
          this.#connect(exchange);
          return;
        }
        exchange.settle(failure);
        this.#next();
      },
      onSession: (session) => (this.#session = session),
    });
    exchange.cancel = (): void => {
      isOver();
      giveUp();
      this.#next();
    };
  }

  /** A connection has ended its exchange. */
  #onFree(connection: Connection, generation: number): void {
    if (!connection.isOpen || generation !== this.#generation || this.#isClosed) return connection.destroy();
    this.#idle.push(connection);
    this.#next();
  }

  #onClosed(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#next();
  }

  #next(): void {
    const exchange = this.#waiting.shift();
    if (exchange === undefined) return;
    if (exchange.isSettled) this.#next();
    else this.#start(exchange);
  }

  #headOf({ method, target, headers }: HttpRequest): string {
    const { url, proxy } = this.#config;
    const isAbsolute = proxy !== undefined && url.protocol !== 'https:';
    let head = `${method} ${isAbsolute ? `http://${url.hostname}:${portOf(url)}` : ''}${target} HTTP/1.1\r\n`;
    for (const name in headers) {
      const value = headers[name] ?? '';
      if (FORBIDDEN.test(value)) return '';
      head += `${name}: ${value}\r\n`;
    }
    return `${head}${isAbsolute ? proxyAuthorization(proxy) : ''}Connection: keep-alive\r\n\r\n`;
  }
}

/** A request, its deadline, and where its result goes. */
class Exchange {
  readonly request: HttpRequest;
  readonly head: string;
  readonly #cancellations: Cancellations;
  readonly #resolve: (result: HttpAnswer | HttpFailure) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Ends the connecting, or the connection. */
  cancel: (() => void) | undefined;
  isRepeated = false;
  isSettled = false;

  constructor(
    request: HttpRequest,
    head: string,
    cancellations: Cancellations,
    resolve: (result: HttpAnswer | HttpFailure) => void,
  ) {
    this.request = request;
    this.#cancellations = cancellations;
    this.head = head;
    this.#resolve = resolve;
    const { signal, timeoutMs } = request;
    cancellations.add(signal, this);
    this.#timer = setTimeout(this.#onTimeout, timeoutMs);
    if (signal.aborted) this.abort();
    else if (head === '') this.fail('network', 'a header contains a character that HTTP does not allow');
  }

  readonly #onTimeout = (): void => this.#giveUp('timeout', MESSAGES.timeout(this.request.timeoutMs));

  abort(): void {
    this.#giveUp('aborted', MESSAGES.aborted);
  }

  fail(code: FailureCode, message: string): void {
    this.settle({ kind: 'failure', code, message });
  }

  settle(result: HttpAnswer | HttpFailure): void {
    if (this.isSettled) return;
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.#cancellations.delete(this.request.signal, this);
    this.#resolve(result);
  }

  #giveUp(code: FailureCode, message: string): void {
    this.fail(code, message);
    this.cancel?.();
  }
}

/** Which exchanges a signal ends. One listener for all exchanges of a signal: a batcher's calls share theirs. */
class Cancellations {
  readonly #exchanges = new WeakMap<AbortSignal, Set<Exchange>>();

  add(signal: AbortSignal, exchange: Exchange): void {
    let exchanges = this.#exchanges.get(signal);
    if (exchanges === undefined) {
      const all = new Set<Exchange>();
      exchanges = all;
      this.#exchanges.set(signal, all);
      signal.addEventListener('abort', () => all.forEach((one) => one.abort()), { once: true });
    }
    exchanges.add(exchange);
  }

  delete(signal: AbortSignal, exchange: Exchange): void {
    this.#exchanges.get(signal)?.delete(exchange);
  }
}

interface ConnectionEvents {
  /** The exchange has ended. */
  readonly onFree: () => void;
  /** The socket has closed. */
  readonly onClosed: () => void;
  /** The exchange has to be sent on a new connection: the server closed this one before it had read the request. */
  readonly onUnread: (exchange: Exchange) => void;
}

/** An open connection, which carries one exchange at a time. */
class Connection {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #events: ConnectionEvents;
  #exchange: Exchange | undefined;
  #reader: AnswerReader | undefined;
  /** Whether it has carried an exchange before. */
  #isUsed = false;
  #hasBytes = false;
  /** When the server closes the connection if it stays idle, as far as it said. */
  usableUntilMs = Infinity;

  constructor(socket: Socket, host: string, events: ConnectionEvents) {
    this.#socket = socket;
    this.#host = host;
    this.#events = events;
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => {
      this.#onEnd();
      events.onClosed();
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(exchange: Exchange): void {
    const { head, request } = exchange;
    const { method, body, memory, maxAnswerBytes: maxBytes, answers: budget } = request;
    this.#exchange = exchange;
    this.#reader = new AnswerReader({ maxBytes, budget, isHead: method === 'HEAD' });
    this.#hasBytes = false;
    exchange.cancel = this.#cancel;
    const socket = this.#socket;
    if (this.#isUsed) socket.ref();
    const start = (memory?.length ?? 0) - body.length - head.length;
    if (memory !== undefined && start >= 0) {
      memory.write(head, start, 'latin1');
      socket.write(memory.subarray(start));
    } else if (body.length === 0) socket.write(head, 'latin1');
    else {
      // One system call, and for TLS one record less.
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #cancel = (): void => {
    this.destroy();
    this.#free();
  };

  /** Bytes that have arrived, valid until it returns. */
  feed(bytes: Buffer): void {
    const reader = this.#reader;
    // Nothing was asked: the bytes would be taken for the next answer.
    if (reader === undefined) return this.destroy();
    this.#hasBytes = true;
    if (reader.feed(bytes) !== 'reading') this.#conclude(reader);
  }

  #onEnd(): void {
    const reader = this.#reader;
    if (reader === undefined) return this.destroy();
    reader.end();
    this.#conclude(reader);
  }

  #onError(error: Error): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.destroy();
    const failure = failureOf(error, this.#host);
    if (this.#isUnread(failure.code)) return this.#free(exchange);
    exchange.settle(failure);
    this.#free();
  }

  /** Nothing more will be read of the response. */
  #conclude(reader: AnswerReader): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const { status, headers, body } = reader;
    // An early answer: the server has not read the whole request.
    const hasWritten = this.#socket.writableLength === 0;
    if (!reader.keepsOpen || !hasWritten) this.destroy();
    if (reader.state === 'cut' && this.#isUnread('connection_reset')) return this.#free(exchange);
    if (!hasWritten && status < 300 && reader.state === 'complete') exchange.fail('network', MESSAGES.acceptedUnread);
    else if (reader.state === 'complete' || (reader.state === 'too_large' && status >= 300))
      exchange.settle({ kind: 'answer', status, headers, body });
    else if (reader.state === 'too_large')
      exchange.fail('answer_too_large', MESSAGES.answerTooLarge(exchange.request.maxAnswerBytes));
    else if (reader.state === 'invalid') exchange.fail('network', `the answer is not HTTP: ${reader.problem}`);
    else exchange.fail('connection_reset', 'the connection was closed before the answer was complete');
    this.#keepFor(headers['keep-alive']);
    this.#free();
  }

  /** Whether the server cannot have read the request, which is sent once more then (nodejs/node#47130). */
  #isUnread(code: FailureCode): boolean {
    return code === 'connection_reset' && this.#isUsed && !this.#hasBytes && this.#exchange?.isRepeated === false;
  }

  #keepFor(hint: string | string[] | undefined): void {
    const seconds = /^timeout=(\d{1,6})/.exec(typeof hint === 'string' ? hint : '')?.[1];
    this.usableUntilMs =
      seconds === undefined ? Infinity : monotonicMs() + Number(seconds) * 1000 - KEEP_ALIVE_MARGIN_MS;
  }

  /** Ends the exchange here; `unread` continues on another connection. */
  #free(unread?: Exchange): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.cancel = undefined;
    this.#exchange = undefined;
    this.#reader?.release();
    this.#reader = undefined;
    this.#isUsed = true;
    // An idle connection does not keep the process alive.
    this.#socket.unref();
    if (unread === undefined) return this.#events.onFree();
    this.destroy();
    unread.isRepeated = true;
    this.#events.onUnread(unread);
  }
}
