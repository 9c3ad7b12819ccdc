import type { IncomingMessage } from 'node:http';

/** All bodies that are being read at one time; every connection could send a large one. */
const MAX_BYTES_AT_ONE_TIME = 16 * 1024 * 1024;

/** Reads request bodies within a limit each and a limit together. */
export class BodyReader {
  #bytes = 0;

  /** The whole body, or why it was not read to its end; what comes of it then is thrown away with the connection. */
  async read(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too_large' | 'busy'> {
    if (Number(request.headers['content-length']) > maxBytes) return 'too_large';
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        length += chunk.length;
        this.#bytes += chunk.length;
        if (length > maxBytes) return 'too_large';
        if (this.#bytes > MAX_BYTES_AT_ONE_TIME) return 'busy';
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      this.#bytes -= length;
    }
  }
}
