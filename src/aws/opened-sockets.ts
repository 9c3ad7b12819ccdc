import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const opened = new AsyncLocalStorage<Set<Socket>>();

/**
 * Credentials take a few KB. Libraries read a whole response and parse it in one turn: XML of 10 MB stopped the process
 * for seconds.
 */
const MAX_ANSWER_BYTES = 128 * 1024;

/**
 * The open connections of one operation, whatever library opened them. Responses to its calls may have 128 KB; a larger
 * one is an error of the call.
 */
export class OpenedSockets {
  readonly #sockets = new Set<Socket>();

  constructor() {
    watch();
  }

  /** Runs `work` and records the connections that it and everything it calls opens. */
  during<T>(work: () => Promise<T>): Promise<T> {
    return opened.run(this.#sockets, work);
  }

  /**
   * Closes the connections and returns their number. A library that waits for one may never settle, but nothing of it
   * is left except its promise.
   */
  close(): number {
    const { size } = this.#sockets;
    for (const socket of this.#sockets) socket.destroy();
    return size;
  }
}

let isWatching = false;

/** https://nodejs.org/api/diagnostics_channel.html#net */
function watch(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('net.client.socket', (message) => {
    const sockets = opened.getStore();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node documents the member
    const { socket } = message as { socket: Socket };
    if (sockets === undefined) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // https://nodejs.org/api/diagnostics_channel.html#http
  subscribe('http.client.response.finish', (message) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node documents the member
    if (opened.getStore() !== undefined) limit((message as { response: IncomingMessage }).response);
  });
}

/** Counts bytes as they are pushed: listening to the data would consume it. */
function limit(response: IncomingMessage): void {
  const push = response.push.bind(response);
  let bytes = 0;
  response.push = (chunk: Buffer | null, encoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= MAX_ANSWER_BYTES) return push(chunk, encoding);
    response.destroy(new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
    return false;
  };
}
