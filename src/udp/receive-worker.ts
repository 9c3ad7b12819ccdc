/**
 * The receive thread: reads datagrams, checks their headers, copies documents into the ring buffer. Import nothing else
 * here: a worker that loads the whole bundle costs 30 MB.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../pipeline/clock.ts';
import { DirectReader } from './direct-reader.ts';
import { DatagramIntake } from './datagram-intake.ts';
import { RingBufferWriter } from './ring-buffer.ts';
import { BurstPolicy } from './burst-policy.ts';
import { warmUp } from './warm-up.ts';
import {
  MAX_CATCH_UP_MS,
  MAX_DRAIN_MS,
  QUIET_MS,
  type FromWorker,
  type ToWorker,
  type WorkerInput,
} from './worker-messages.ts';

/** After this many datagrams in one turn of the event loop, reading the rest directly pays. */
const BUSY_TURN = 16;
/** Datagrams read between two checks of the clock. */
const READ_LIMIT = 500;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the receiver passes it
const input = workerData as WorkerInput;
const port = parentPort!;
/** Created when the socket is bound; no message arrives before that. */
let ring: RingBufferWriter;
let intake: DatagramIntake;
let socket: Socket;
/** undefined until the main thread has found the descriptor; stays undefined without /proc. */
let reader: DirectReader | undefined;
let countThisTurn = 0;

function onMessage(datagram: Buffer, from: RemoteInfo): void {
  intake.take(datagram, datagram.length, from.address);
  countThisTurn++;
  if (countThisTurn === 1) setImmediate(onTurnEnd);
}

/** libuv delivers at most 32 datagrams per turn; if it delivered half of that, more are probably waiting. */
function onTurnEnd(): void {
  const isBusy = countThisTurn >= BUSY_TURN;
  countThisTurn = 0;
  if (!isBusy || reader === undefined) return;
  ring.hold();
  readBurst(reader);
  ring.release();
}

function readBurst(from: DirectReader): void {
  const policy = new BurstPolicy(performance.now());
  for (let isMore = true; isMore;) isMore = policy.readsOn(from.read(READ_LIMIT, intake), performance.now());
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
  const startedMs = monotonicMs();
  intake.lastDatagramMs = startedMs;
  const check = (): void => {
    const nowMs = monotonicMs();
    if (nowMs - intake.lastDatagramMs < QUIET_MS && nowMs - startedMs < MAX_DRAIN_MS) {
      setTimeout(() => catchUp(check), QUIET_MS);
      return;
    }
    // Once closed, the descriptor's number may belong to another socket.
    reader = undefined;
    socket.close(() => {
      ring.seal();
      tell({ type: 'stopped' });
      port.close();
    });
  };
  setTimeout(() => catchUp(check), QUIET_MS);
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
    warmUp();
    ring = new RingBufferWriter(input.memory);
    intake = new DatagramIntake(ring, input.maxAgeMs, tell);
    // Messages sent earlier wait in the port.
    port.on('message', (message: ToWorker) => {
      if (message === 'stop') drain();
      else if (message === 'catch-up') catchUp(() => tell({ type: 'caught-up' }));
      else reader = new DirectReader(message.descriptor);
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
