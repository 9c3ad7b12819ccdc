import { connect } from 'node:net';

export interface RawAnswer {
  /** 0 if the server closed the connection without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * Sends bytes to an HTTP server unchanged and reads one answer. Omits a chunked body, because it may be an endless
 * stream, unless `isWhole` is set.
 */
export async function rawRequest(url: string, request: Buffer | string, isWhole = false): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect(Number(port), hostname);
  let text = '';
  const settle = (): void => {
    const answer = parse(text, isWhole);
    socket.destroy();
    resolve(answer ?? { status: 0, head: text, body: '' });
  };
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    if (parse(text, isWhole) !== undefined) settle();
  });
  socket.on('end', settle);
  socket.on('close', settle);
  socket.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'ECONNRESET' || error.code === 'EPIPE' ? settle() : reject(error),
  );
  socket.write(request);
  return promise;
}

function parse(text: string, isWhole: boolean): RawAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(head)?.[1] ?? 0);
  if (status === 100) return parse(body, isWhole);
  if (isWhole && /^transfer-encoding: chunked/im.test(head)) {
    const whole = dechunked(body);
    return whole === undefined ? undefined : { status, head, body: whole };
  }
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return body.length >= length ? { status, head, body: body.slice(0, length) } : undefined;
}

/** undefined until the last chunk has arrived. */
function dechunked(text: string): string | undefined {
  let body = '';
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const length = Number.parseInt(text.slice(at, end), 16);
    if (length === 0) return body;
    at = end + 2 + length + 2;
    if (text.length < at) return undefined;
    body += text.slice(end + 2, end + 2 + length);
  }
}
