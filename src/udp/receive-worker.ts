/**
 * The receive thread: reads datagrams, checks their header, copies documents into the ring. Nothing else may be imported here:
 * a worker that loads the whole bundle costs 30 MB.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from '../pipeline/clock.ts';
import { DirectReader } from './direct-reader.ts';
import { DatagramIntake } from './datagram-intake.ts';
import { RingBufferWriter } from './ring-buffer.ts';
import { BurstPolicy } from './burst-policy.ts';
import { warmUp } from './warm-up.ts';
import { MAX_CATCH_UP_MS, MAX_DRAIN_MS, QUIET_MS, type FromWorker, type ToWorker, type WorkerInput } from './worker-messages.ts';

/** Datagrams in one turn of the event loop from which on it pays to read the rest directly. */
const BUSY_TURN = 16;
/** Read between two looks at the clock. */
const READ_AT_ONCE = 500;

const input = workerData as WorkerInput;
const port = parentPort!;
/** Made when the socket is bound; before that there are no messages. */
let ring: RingBufferWriter;
let intake: DatagramIntake;
let socket: Socket;
/** undefined until the main thread has found the descriptor, and for good where there is no /proc. */
let reader: DirectReader | undefined;
let inThisTurn = 0;

function onMessage(datagram: Buffer, from: RemoteInfo): void {
  intake.take(datagram, datagram.length, from.address);
  inThisTurn++;
  if (inThisTurn === 1) setImmediate(onTurnEnd);
}

/** libuv gives at most 32 datagrams a turn; after half of that more are waiting, most likely. */
function onTurnEnd(): void {
  const isBusy = inThisTurn >= BUSY_TURN;
  inThisTurn = 0;
  if (!isBusy || reader === undefined) return;
  ring.hold();
  readBurst(reader);
  ring.release();
}

function readBurst(from: DirectReader): void {
  const policy = new BurstPolicy(performance.now());
  for (let isMore = true; isMore;) isMore = policy.readsOn(from.read(READ_AT_ONCE, intake), performance.now());
}

/**
 * Calls `then` when a whole turn of the event loop found nothing in the socket: what was there before is read. A clock cannot tell: a thread that
 * got no CPU for a moment has heard nothing either.
 */
function catchUp(then: () => void): void {
  const startedMs = monotonicMs();
  // Of the turn that is under way nobody knows whether it has looked at the socket.
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

/** Reads what the kernel holds, until nothing came for a moment, then closes. */
function drain(): void {
  const startedMs = monotonicMs();
  intake.lastDatagramMs = startedMs;
  const look = (): void => {
    const nowMs = monotonicMs();
    if (nowMs - intake.lastDatagramMs < QUIET_MS && nowMs - startedMs < MAX_DRAIN_MS) {
      setTimeout(() => catchUp(look), QUIET_MS);
      return;
    }
    // The number of a closed descriptor may be another socket's a moment later.
    reader = undefined;
    socket.close(() => {
      ring.seal();
      tell({ type: 'stopped' });
      port.close();
    });
  };
  setTimeout(() => catchUp(look), QUIET_MS);
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
    // What the main thread said before this waits in the port.
    port.on('message', (message: ToWorker) => {
      if (message === 'stop') drain();
      else if (message === 'catch-up') catchUp(() => tell({ type: 'caught-up' }));
      else reader = new DirectReader(message.descriptor);
    });
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

bind(input.host);
