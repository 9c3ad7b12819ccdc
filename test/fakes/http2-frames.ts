/** HTTP/2 as bytes, for clients that do what no library does. Source: RFC 9113 (frames), RFC 7541 (headers). */

const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, continuation: 9 } as const;
const END_HEADERS = 4;
const MAX_FRAME_BYTES = 16_384;

function frame(type: keyof typeof TYPE, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = TYPE[type];
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The start of a connection, with empty settings. */
export const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame('settings', 0, 0)]);

/** A number with a prefix of `bits` bits. */
function integer(bits: number, value: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([value]);
  const bytes = [most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const textOf = (text: string): Buffer => Buffer.concat([integer(7, text.length), Buffer.from(text)]);
const header = (name: string, value: string): Buffer => Buffer.concat([Buffer.from([0]), textOf(name), textOf(value)]);

const REQUEST = Buffer.concat([
  header(':method', 'POST'),
  header(':scheme', 'http'),
  header(':authority', 'localhost'),
  header(':path', '/opentelemetry.proto.collector.trace.v1.TraceService/Export'),
  header('content-type', 'application/grpc'),
]);

/** The headers of an export on stream number `index`, without its message. */
export function requestOf(index: number, more: Readonly<Record<string, string>> = {}): Buffer {
  const block = Buffer.concat([REQUEST, ...Object.entries(more).map(([name, value]) => header(name, value))]);
  const count = Math.ceil(block.length / MAX_FRAME_BYTES);
  const pieces = Array.from({ length: count }, (_, i) =>
    block.subarray(i * MAX_FRAME_BYTES, (i + 1) * MAX_FRAME_BYTES),
  );
  return Buffer.concat(
    pieces.map((piece, i) =>
      frame(i === 0 ? 'headers' : 'continuation', i === count - 1 ? END_HEADERS : 0, idOf(index), piece),
    ),
  );
}

/** Cancels the request. */
export const resetOf = (index: number): Buffer => frame('reset', 0, idOf(index), Buffer.from([0, 0, 0, 8]));

/** Part of a message. */
export const dataOf = (index: number, bytes: Buffer): Buffer => frame('data', 0, idOf(index), bytes);

function idOf(index: number): number {
  return 2 * index + 1;
}
