import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { systemCodeOf } from '../pipeline/errors.ts';
import type { ConnectionLimits } from './connections.ts';

/** Time for the client to read the response: a reset would discard it if part of the request is unread. */
const LINGER_MS = 1_000;

/** Why the data on a connection is not an acceptable request. */
export interface ClientError {
  readonly status: 400 | 408 | 431;
  readonly message: string;
}

const NOT_HTTP: ClientError = { status: 400, message: 'This is not a valid HTTP/1.1 request' };
const CLIENT_ERRORS: Readonly<Record<string, ClientError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not arrive in time' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers of the request are larger than 16 KB' },
};

/**
 * Handles a server's `clientError`: finishes the responses to earlier requests, then sends the error and closes the
 * connection, as RFC 9112, 9.3.2 requires. A client without a response to an accepted request would send it again.
 * `bodyOf`: the body, as JSON; `headers`: additional headers.
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
    // TCP probes connect and close; that is not a request and needs no report.
    if (!socket.writable) return void socket.destroy();
    // Anything after an invalid request is invalid too.
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
  const all = {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}
