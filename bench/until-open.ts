import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 5;

/** Resolves when something listens on the TCP port. Rejects after `maxMs` of waiting, and once `isOver` says so. */
export async function untilOpen(port: number, maxMs: number, isOver = (): boolean => false): Promise<void> {
  for (let waitedMs = 0; waitedMs < maxMs && !isOver(); waitedMs += EVERY_MS) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(EVERY_MS);
  }
  throw new Error(`nothing listens on TCP ${port}`);
}
