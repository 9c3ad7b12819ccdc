/**
 * npm run bench:micro: times single steps of handling a segment, to detect regressions. Compare the ratio of two runs
 * on one machine, not the times.
 */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { Bench, type Task } from 'tinybench';
import { BodyPool } from '../src/aws/body-pool.ts';
import { bodyParts } from '../src/aws/encode.ts';
import { signedHeaders } from '../src/aws/signer.ts';
import { SegmentBuffer } from '../src/batcher/segment-buffer.ts';
import { Slabs } from '../src/batcher/slabs.ts';
import { Accounting } from '../src/pipeline/accounting.ts';
import type { Chunk } from '../src/pipeline/segment.ts';
import { decodeTraces } from '../src/formats/otlp/decode.ts';
import { segmentDocumentsOf } from '../src/formats/otlp/documents.ts';
import { MetricsPage } from '../src/telemetry/metrics.ts';
import { DatagramReader } from '../src/udp/datagram.ts';
import { isTraceHeader } from '../src/udp/header.ts';
import { RingBufferReader, RingBufferWriter } from '../src/udp/ring-buffer.ts';
import { SpanRequests } from './otlp/spans.ts';
import { numbered, paddingOf, type Size } from './load/documents.ts';

const HEADER = '{"format":"json","version":1}\n';
const KB: Size = { bytes: 700, kind: 'ascii' };

function batchOf(count: number, size: Size) {
  const documents = Array.from({ length: count }, (_, n) => Buffer.from(numbered(n, paddingOf(size))));
  return documents.map((chunk) => ({ chunk, start: 0, end: chunk.length, arrivedAtMs: 0, format: 'xray' as const }));
}

/** 50 datagrams of 1 KB. */
function receive(bench: Bench): void {
  const datagrams = Array.from({ length: 50 }, (_, n) => Buffer.from(HEADER + numbered(n, paddingOf(KB))));
  const datagramReader = new DatagramReader();
  bench.add('split: where the document begins', () => {
    for (const datagram of datagrams) datagramReader.documentOffset(datagram);
  });

  const line = Buffer.from('{"version":1,"format":"json","extra":[1,2]}');
  bench.add('split: a header never seen before', () => {
    for (let i = 0; i < 50; i++) isTraceHeader(line);
  });

  const reader = new RingBufferReader();
  const writer = new RingBufferWriter(reader.memory);
  bench.add('ring: stored, sealed, taken', () => {
    for (const datagram of datagrams) writer.store(datagram, HEADER.length, datagram.length, 1);
    reader.drain(() => {});
  });

  const slabs = new Slabs();
  const datagramBytes = Buffer.concat(datagrams);
  bench.add('slab: copied, released', () => {
    const { chunk } = slabs.copy(datagramBytes, 50);
    slabs.release(Array.from({ length: 50 }, () => ({ chunk, start: 0, end: 0, arrivedAtMs: 0, format: 'xray' })));
  });

  const buffer = new SegmentBuffer({ maxAgeMs: 1, isNewestFirst: false }, { maxDocuments: 50, maxBytes: 512 * 1024 });
  let end = 0;
  const full: Chunk = {
    format: 'xray',
    count: datagrams.length,
    bytes: datagramBytes,
    ends: Uint32Array.from(datagrams, ({ length }) => (end += length)),
    arrivedAtMs: new Float64Array(datagrams.length),
  };
  bench.add('buffer: copied, taken as a batch, released', () => {
    buffer.push(full);
    buffer.release(buffer.takeDue(0, true)!.segments);
  });
}

/** One batch. */
function send(bench: Bench): void {
  const pool = new BodyPool();
  const sizes: [string, number, Size][] = [
    ['50 × 1 KB', 50, KB],
    ['50 × 1 KB, UTF-8', 50, { bytes: 700, kind: 'utf8' }],
    ['8 × 60 KB, UTF-8', 8, { bytes: 60_000, kind: 'utf8' }],
  ];
  for (const [name, count, size] of sizes) {
    const batch = batchOf(count, size);
    bench.add(`encode: ${name}`, () => pool.giveBack(pool.take(bodyParts(batch))));
  }

  const body = pool.take(bodyParts(batchOf(50, KB)));
  const url = new URL('https://xray.us-east-1.amazonaws.com/TraceSegments');
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'x'.repeat(40),
    sessionToken: 't'.repeat(800),
  };
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length), 'user-agent': 'xrayd' };
  const request = { url, method: 'POST', headers, body };
  bench.add('sign: 50 × 1 KB', async () => {
    await signedHeaders(request, credentials, 'xray', 'us-east-1', new Date());
  });
  bench.add('of that, the SHA-256 of the body', () => {
    createHash('sha256').update(body).digest();
  });
}

/** A request of 100 spans with seven attributes each, in memory as the receivers read it. */
function spans(bench: Bench): void {
  const request = new SpanRequests('protobuf').request(0, 1_764_486_000_123);
  const memory = new ArrayBuffer(0, { maxByteLength: 64 * 1024 * 1024 });
  memory.resize(64 * 1024);
  new Uint8Array(memory).set(request);
  const body = Buffer.from(memory, 0, request.length);
  const decoded = decodeTraces(body);
  if (!decoded.isDecoded) throw new Error(decoded.message);
  bench.add('OTLP: 100 spans decoded', () => {
    decodeTraces(body);
  });
  bench.add('OTLP: 100 spans converted to segment documents', () => {
    segmentDocumentsOf(decoded);
  });
}

function scrape(bench: Bench): void {
  const accounting = new Accounting();
  const sources = {
    udp: { kernelDrops: () => 4 },
    batcher: { limitBytes: 10, concurrency: 2, lastReceivedMs: 4_000 },
    exporter: { lastSuccessMs: 5_000 },
    log: {},
  };
  const page = new MetricsPage('1.2.3', accounting);
  bench.add('one scrape', async () => {
    await page.render(sources);
  });

  const reader = new RingBufferReader();
  bench.add("the receive thread's counters", () => {
    reader.read();
  });
}

const bench = new Bench({ time: 500, warmupTime: 200 });
receive(bench);
send(bench);
spans(bench);
scrape(bench);
await bench.run();
console.log(
  `node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpus()[0]?.model.trim()}; µs each, receive for 50 datagrams of 1 KB`,
);
console.table(Object.fromEntries(bench.tasks.map(({ name, result }) => [name, timesOf(result)])));

function timesOf(result: Task['result']): { p50: number; p99: number } | { failed: string } {
  if (!('latency' in result)) return { failed: result.state };
  const { p50, p99 } = result.latency;
  return { p50: Number((p50 * 1000).toPrecision(3)), p99: Number((p99 * 1000).toPrecision(3)) };
}
