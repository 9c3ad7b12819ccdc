import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const opened = new AsyncLocalStorage<Set<Socket>>();

/** The connections that one work has opened and that are still open, whatever library made them. */
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
}
