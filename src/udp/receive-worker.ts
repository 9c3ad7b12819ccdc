/**
 * The receive thread: reads datagrams, checks their headers, copies documents into the ring buffer. Import nothing else
 * here: a worker that loads the whole bundle costs 30 MB.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../pipeline/clock.ts';
import { DatagramIntake } from './datagram-intake.ts';
import { receiveNatively } from './native-loop.ts';
import { NativeSocket } from './native-socket.ts';
import { RingBufferWriter } from './ring-buffer.ts';
import { warmUp } from './warm-up.ts';
import {
  MAX_CATCH_UP_MS,
  MAX_DRAIN_MS,
  QUIET_MS,
  type FirstToWorker,
  type FromWorker,
  type ToWorker,
  type WorkerInput,
} from './worker-messages.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the receiver passes it
const input = workerData as WorkerInput;
const port = parentPort!;
let ring: RingBufferWriter;
let intake: DatagramIntake;
let socket: Socket;
/** undefined as long as node:dgram reads the socket. */
let native: NativeSocket | undefined;
/** The sender of the datagram that node:dgram has just read. */
let sender: string | undefined;
let isTimerSet = false;
let isStopping = false;

function senderOf(index: number): string | undefined {
  return native === undefined ? sender : native.senderOf(index);
}

function onMessage(datagram: Buffer, from: RemoteInfo): void {
  const nowMs = monotonicMs();
  sender = from.address;
  intake.take(datagram, datagram.length, nowMs);
  if (!isTimerSet) onTimer();
}

/** One timer serves all chunks: it hands the open chunk over when that is due, and is set again for the next. */
function onTimer(): void {
  const dueInMs = intake.sealIfDue(monotonicMs());
  isTimerSet = dueInMs < Infinity;
  if (isTimerSet) setTimeout(onTimer, dueInMs);
}

/** Reads with recvmmsg(2) if this machine offers it, and returns when the receiver stops; otherwise with node:dgram. */
function read({ descriptor }: FirstToWorker): void {
  if (isStopping) return;
  const receiveBufferBytes = socket.getRecvBufferSize();
  native = descriptor === undefined ? undefined : NativeSocket.open(descriptor);
  if (native === undefined) return tell({ type: 'reading', method: 'node:dgram', receiveBufferBytes });
  socket.close();
  tell({ type: 'reading', method: 'recvmmsg', receiveBufferBytes, wakeUp: native.wakeUp });
  receiveNatively({ socket: native, intake, ring, nextMessage, tell });
  end();
}

function nextMessage(): ToWorker | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the receiver sends it
  return receiveMessageOnPort(port)?.message as ToWorker | undefined;
}

/**
 * Calls `then` after a full turn of the event loop that found the socket empty: everything sent before has been read. A
 * timer could not tell, because a thread that gets no CPU for a moment receives nothing either.
 */
function catchUp(then: () => void): void {
  const startedMs = monotonicMs();
  // The current turn may already have polled the socket, so it does not count.
  let before = -1;
  const onTurn = (): void => {
    if (intake.taken === before || monotonicMs() - startedMs >= MAX_CATCH_UP_MS) then();
    else {
      before = intake.taken;
      setImmediate(onTurn);
    }
  };
  setImmediate(onTurn);
}

/** Reads what the kernel holds until the socket stays quiet, then closes it. */
function drain(): void {
  isStopping = true;
  const startedMs = monotonicMs();
  intake.lastDatagramMs = startedMs;
  const check = (): void => {
    const nowMs = monotonicMs();
    if (nowMs - intake.lastDatagramMs < QUIET_MS && nowMs - startedMs < MAX_DRAIN_MS) {
      setTimeout(() => catchUp(check), QUIET_MS);
      return;
    }
    socket.close(end);
  };
  setTimeout(() => catchUp(check), QUIET_MS);
}

function end(): void {
  ring.seal();
  tell({ type: 'stopped' });
  port.close();
}

function bind(host: string): void {
  socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: input.receiveBufferBytes });
  socket.on('message', onMessage);
  socket.once('error', onBindError);
  socket.bind({ address: host, port: input.port, exclusive: true }, () => {
    socket.removeListener('error', onBindError);
    socket.on('error', (error) => tell({ type: 'error', message: error.message }));
    const { address, port: boundPort } = socket.address();
    tell({ type: 'bound', host: address, port: boundPort });
    warmUp();
    ring = new RingBufferWriter(input.memory);
    intake = new DatagramIntake(ring, { maxAgeMs: input.maxAgeMs, tell, senderOf });
    // Messages sent earlier wait in the port.
    port.on('message', (message: FirstToWorker | ToWorker) => {
      if (message === 'stop') drain();
      else if (message === 'catch-up') catchUp(() => tell({ type: 'caught-up' }));
      else if (message !== 'end') read(message);
    });
  });

  function onBindError(error: NodeJS.ErrnoException): void {
    socket.removeAllListeners();
    // ":2000" means every interface; on a kernel without IPv6 that is IPv4 only.
    if (host === '::' && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')) bind('0.0.0.0');
    else tell({ type: 'bind-error', code: error.code ?? '', message: error.message });
  }
}

function tell(message: FromWorker): void {
  port.postMessage(message);
}

bind(input.host);
