import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { systemCodeOf } from '../pipeline/errors.ts';
import type { ConnectionLimits } from './connections.ts';

/** For the client to read the answer: a reset would take it away when more of what it sent is unread. */
const LINGER_MS = 1_000;

/** Why what came on a connection is no request that a server takes. */
export interface ClientError {
  readonly status: 400 | 408 | 431;
  readonly message: string;
}

const NOT_HTTP: ClientError = { status: 400, message: 'This is not HTTP/1.1 as xrayd takes it' };
const CLIENT_ERRORS: Readonly<Record<string, ClientError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not come to its end in time' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers of the request are larger than 16 KB' },
};

/**
 * What to do at a server's `clientError`: answers to requests that came before are finished, then the error is answered and the connection closed, as
 * RFC 9112, 9.3.2 has it. A client that gets no answer to what was taken sends it again. `bodyOf`: the body, as JSON; `headers`: those beside the usual ones.
 */
export function clientErrorHandler(
  limits: ConnectionLimits,
  { bodyOf, headers = {}, onAnswered = () => {} }: ClientErrorAnswers,
): (error: Error, socket: Socket) => void {
  const ending = new WeakSet<Socket>();
  const end = async (socket: Socket, clientError: ClientError): Promise<void> => {
    const mayAnswer = await limits.whenAnswered(socket);
    if (!socket.writable) return;
    socket.end(mayAnswer ? answerOf(clientError.status, bodyOf(clientError), headers) : '');
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
    if (mayAnswer) onAnswered(clientError.status);
  };
  return (error, socket) => {
    // Old TCP probes connect and close; that is no request, and not worth a word.
    if (!socket.writable) return void socket.destroy();
    // What comes after it is no request either.
    if (ending.has(socket)) return;
    ending.add(socket);
    void end(socket, CLIENT_ERRORS[systemCodeOf(error) ?? ''] ?? NOT_HTTP);
  };
}

export interface ClientErrorAnswers {
  readonly bodyOf: (error: ClientError) => object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onAnswered?: (status: number) => void;
}

function answerOf(status: number, json: object, headers: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(json);
  const all = { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}
