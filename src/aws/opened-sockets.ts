import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const opened = new AsyncLocalStorage<Set<Socket>>();

/** Credentials are some KB. A library reads an answer whole and parses it in one turn: XML of 10 MB stopped the process for seconds. */
const MAX_ANSWER_BYTES = 128 * 1024;

/**
 * The connections that one work has opened and that are still open, whatever library made them. Answers to its calls may have 128 KB; a larger one
 * is an error of the call.
 */
export class OpenedSockets {
  readonly #sockets = new Set<Socket>();

  constructor() {
    watch();
  }

  /** Runs `work`; what it connects, and what it calls connects, is remembered here. */
  during<T>(work: () => Promise<T>): Promise<T> {
    return opened.run(this.#sockets, work);
  }

  /** Closes them, and says how many there were. A library that waits for one may never settle: nothing but its promise is left of it then. */
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
    const { socket } = message as { socket: Socket };
    if (sockets === undefined) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // https://nodejs.org/api/diagnostics_channel.html#http
  subscribe('http.client.response.finish', (message) => {
    if (opened.getStore() !== undefined) limit((message as { response: IncomingMessage }).response);
  });
}

/** Counts what is pushed: to listen to the data would take it from who reads later. */
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
