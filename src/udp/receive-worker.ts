/**
 * The receive thread: reads datagrams, checks their header, copies documents into the mailbox. Nothing else may be imported here:
 * a worker that loads the whole bundle costs 30 MB.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { documentOffset } from './datagram.ts';
import { DirectReader } from './direct-reader.ts';
import { MailboxWriter } from './mailbox.ts';
import { QUIET_MS, MAX_DRAIN_MS, REJECT_REPORT_MS, type FromWorker, type ToWorker, type WorkerInput } from './worker-messages.ts';

/** Datagrams in one turn of the event loop from which on it pays to read the rest directly. */
const BUSY_TURN = 16;
/** Then the event loop has its turn, for the timer and the end. */
const MAX_DIRECT = 1_000;

const input = workerData as WorkerInput;
const port = parentPort!;
const mailbox = new MailboxWriter(input.memory);
let socket: Socket;
let isFirst = true;
let isTimerSet = false;
let lastDatagramMs = 0;
/** undefined until the main thread has found the descriptor, and for good where there is no /proc. */
let reader: DirectReader | undefined;
let inThisTurn = 0;
const reports = [0, 0, 0].map(() => ({ nextMs: 0, count: 0 }));

function onMessage(datagram: Buffer, from: RemoteInfo): void {
  onDatagram(datagram, datagram.length, from);
  inThisTurn++;
  if (inThisTurn === 1) setImmediate(onTurnEnd);
}

/** libuv gives at most 32 datagrams a turn; after half of that more are waiting, most likely. */
function onTurnEnd(): void {
  const isBusy = inThisTurn >= BUSY_TURN;
  inThisTurn = 0;
  if (isBusy) reader?.read(MAX_DIRECT, onDatagram);
}

function onDatagram(bytes: Buffer, length: number, from?: RemoteInfo): void {
  const nowMs = Date.now();
  lastDatagramMs = nowMs;
  const start = documentOffset(bytes, length);
  if (start < 0) {
    reject(-1 - start, length, from, nowMs);
    return;
  }
  mailbox.store(bytes, start, length, nowMs);
  if (!isTimerSet) armTimer(nowMs);
  if (isFirst) {
    isFirst = false;
    tell({ type: 'first', from: from?.address });
  }
}

/** A bad datagram is counted always and reported rarely: a flood of them must not become a flood of messages. */
function reject(reason: number, bytes: number, from: RemoteInfo | undefined, nowMs: number): void {
  mailbox.reject(reason);
  const report = reports[reason]!;
  report.count++;
  if (nowMs < report.nextMs) return;
  tell({ type: 'rejected', reason, count: report.count, bytes, from: from?.address });
  report.count = 0;
  report.nextMs = nowMs + REJECT_REPORT_MS;
}

/** One timer for all slabs: it seals the open one if that is due, and else comes back when it will be. */
function armTimer(nowMs: number): void {
  if (mailbox.firstArrivalMs === 0) return;
  isTimerSet = true;
  setTimeout(onTimer, Math.max(1, mailbox.firstArrivalMs + input.maxAgeMs - nowMs));
}

function onTimer(): void {
  isTimerSet = false;
  const nowMs = Date.now();
  if (mailbox.firstArrivalMs !== 0 && nowMs - mailbox.firstArrivalMs >= input.maxAgeMs - 1) mailbox.seal();
  armTimer(nowMs);
}

/** Reads what the kernel holds, until nothing came for a moment, then closes. */
function drain(): void {
  const startedMs = Date.now();
  lastDatagramMs = startedMs;
  const look = (): void => {
    const nowMs = Date.now();
    if (nowMs - lastDatagramMs < QUIET_MS && nowMs - startedMs < MAX_DRAIN_MS) {
      setTimeout(look, QUIET_MS);
      return;
    }
    // The number of a closed descriptor may be another socket's a moment later.
    reader = undefined;
    socket.close(() => {
      mailbox.seal();
      tell({ type: 'stopped' });
      port.close();
    });
  };
  setTimeout(look, QUIET_MS);
}

function bind(host: string): void {
  socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: input.receiveBufferBytes });
  socket.on('message', onMessage);
  socket.once('error', onBindError);
  socket.bind({ address: host, port: input.port, exclusive: true }, () => {
    socket.removeListener('error', onBindError);
    socket.on('error', (error) => tell({ type: 'error', message: error.message }));
    const { address, port: boundPort } = socket.address();
    tell({ type: 'bound', host: address, port: boundPort, receiveBufferBytes: socket.getRecvBufferSize() });
  });

  function onBindError(error: NodeJS.ErrnoException): void {
    socket.removeAllListeners();
    // ":2000" means every interface; a kernel without IPv6 has only IPv4's.
    if (host === '::' && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')) bind('0.0.0.0');
    else tell({ type: 'bind-error', code: error.code ?? '', message: error.message });
  }
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}

port.on('message', (message: ToWorker) => {
  if (message === 'stop') drain();
  else reader = new DirectReader(message.descriptor);
});
bind(input.host);
