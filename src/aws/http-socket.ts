import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { bareHost } from '../pipeline/address.ts';
import { AnswerReader } from './answer-reader.ts';

export interface SocketConfig {
  /** Scheme, host and port of the server. */
  readonly url: URL;
  /** An HTTP proxy in between, with user and password if it requires them. */
  readonly proxy?: URL | undefined;
  readonly noVerifySsl: boolean;
}

/** What happens to a socket until it is open. One of `onOpen` and `onError` is called, once. */
export interface SocketEvents {
  /**
   * The socket to write requests to; its `error` event is the caller's from now on. `onBytes` sets what gets the bytes
   * that arrive, which are valid until it returns.
   */
  readonly onOpen: (socket: Socket, onBytes: (listener: (bytes: Buffer) => void) => void) => void;
  readonly onError: (error: Error) => void;
  /** A TLS session that a later connection may resume. */
  readonly onSession: (session: Buffer) => void;
}

/** Probes a connection that is silent for this long, so that network equipment in between does not forget it. */
const TCP_KEEP_ALIVE_MS = 15_000;
/** An answer to PutTraceSegments has some 500 bytes with its head. */
const READ_BYTES = 4 * 1024;

/** Reads a socket into the same memory again and again. For each event `data`, Node allocates 64 KB. */
class Reads {
  #listener: (bytes: Buffer) => void = () => {};
  readonly options: { readonly onread: OnReadOpts } = {
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length, memory) => {
        this.#listener(Buffer.from(memory.buffer, memory.byteOffset, length));
        return true;
      },
    },
  };

  readonly onBytes = (listener: (bytes: Buffer) => void): void => {
    this.#listener = listener;
  };
}

export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** Opens a connection, through the proxy's tunnel if there is one and the server speaks TLS. Returns how to give up. */
export function openSocket(
  { url, proxy, noVerifySsl }: SocketConfig,
  session: Buffer | undefined,
  events: SocketEvents,
): () => void {
  let current: Socket | undefined;
  let isSettled = false;
  const fail = (error: Error): void => {
    if (isSettled) return;
    isSettled = true;
    current?.destroy();
    events.onError(error);
  };
  const isTunnel = proxy !== undefined && url.protocol === 'https:';
  const reads = isTunnel ? undefined : new Reads();
  const settle = (socket: Socket): void => {
    isSettled = true;
    socket.removeListener('error', fail).removeListener('close', onClose);
    events.onOpen(socket, reads?.onBytes ?? ((listener) => void socket.on('data', listener)));
  };
  const onClose = (): void => fail(closed('the connection was closed before it was open'));
  const watch = <S extends Socket>(socket: S): S => {
    current = socket;
    socket.on('error', fail).on('close', onClose);
    return socket;
  };
  const secure = (to: URL, through: Socket | undefined, then: (socket: Socket) => void): void => {
    const isServer = to === url;
    const options = {
      ...(through === undefined ? tcpOptions(to) : { socket: through }),
      servername: nameOf(to),
      ...reads?.options,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: !noVerifySsl,
      ...(isServer && session !== undefined ? { session } : {}),
    };
    const socket: TLSSocket = watch(connectTls(options, () => then(socket)));
    if (isServer) socket.on('session', events.onSession);
  };
  const open = (to: URL, then: (socket: Socket) => void): void => {
    if (to.protocol === 'https:') return secure(to, undefined, then);
    const socket: Socket = watch(connectTcp({ ...tcpOptions(to), ...reads?.options }, () => then(socket)));
  };
  open(proxy ?? url, (socket) => {
    if (!isTunnel) return settle(socket);
    askForTunnel(socket, url, proxy, (problem) => {
      if (problem === undefined) secure(url, socket, settle);
      else fail(new Error(problem));
    });
  });
  return () => {
    isSettled = true;
    current?.destroy();
  };
}

function tcpOptions(url: URL) {
  return {
    host: bareHost(url.hostname),
    port: portOf(url),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
}

/** For the certificate; addresses are not names. */
function nameOf(url: URL): string {
  const host = bareHost(url.hostname);
  return isIP(host) === 0 ? host : '';
}

function closed(message: string): Error {
  return Object.assign(new Error(message), { code: 'ECONNRESET' });
}

/** Sends CONNECT on `socket`. `then` gets the problem, or undefined when the tunnel is open. */
function askForTunnel(socket: Socket, url: URL, proxy: URL, then: (problem: string | undefined) => void): void {
  const target = `${url.hostname}:${portOf(url)}`;
  const reader = new AnswerReader({ maxBytes: 0, isTunnel: true });
  const onData = (chunk: Buffer): void => {
    const state = reader.feed(chunk);
    if (state === 'reading' && !reader.hasHead) return;
    socket.removeListener('data', onData);
    socket.pause();
    if (state === 'complete' && reader.status >= 200 && reader.status < 300) then(undefined);
    else then(`Failed to establish tunnel to ${target} via ${proxy.host}: ${reasonOf(reader)}`);
  };
  socket.on('data', onData);
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${proxyAuthorization(proxy)}\r\n`, 'latin1');
}

function reasonOf({ status, reason, problem }: AnswerReader): string {
  return problem === '' ? `HTTP ${status} ${reason}` : `the answer is not HTTP: ${problem}`;
}

/** The header line with the user and password of the proxy's URL, or "". */
export function proxyAuthorization({ username, password }: URL): string {
  if (username === '' && password === '') return '';
  const credentials = `${decoded(username)}:${decoded(password)}`;
  return `Proxy-Authorization: Basic ${Buffer.from(credentials).toString('base64')}\r\n`;
}

/** A percent sign that begins no escape means itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
