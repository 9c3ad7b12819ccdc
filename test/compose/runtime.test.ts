import { once } from 'node:events';
import { createServer, type Server as NetServer } from 'node:net';
import { expect, test } from 'vitest';
import { metersOf } from '../../src/compose/meters.ts';
import { Pipeline } from '../../src/compose/pipeline.ts';
import type { Server } from '../../src/compose/late-server.ts';
import { boundTo, receiversOf } from '../../src/compose/receivers.ts';
import { Runtime } from '../../src/compose/runtime.ts';
import { parseFlags, type CommandLine } from '../../src/config/flags.ts';
import { mergeConfig } from '../../src/config/load.ts';
import { imbalanceOf } from '../../src/pipeline/accounting.ts';
import { boundAddress, type Address } from '../../src/pipeline/address.ts';
import type { ComponentState } from '../../src/pipeline/component.ts';
import type { DocumentSink } from '../../src/pipeline/segment.ts';
import { ManualExporter } from '../fakes/exporter.ts';
import { MemoryLog } from '../fakes/log.ts';
import { Scope } from '../fakes/scope.ts';

const scope = new Scope();

/** A receiver whose clients send one document per connection, and which passes on at its end what it holds. */
class LineReceiver implements Server {
  readonly name = 'lines';
  readonly #server: NetServer;
  readonly #address: Address;
  #state: ComponentState['state'] = 'starting';
  readonly #events: string[];
  readonly #sink: DocumentSink;

  constructor(address: Address, sink: DocumentSink, events: string[]) {
    this.#address = address;
    this.#events = events;
    this.#sink = sink;
    this.#server = createServer((socket) =>
      socket.on('data', (data) => socket.end(sink.offer([Buffer.from(data)], 'xray'))),
    );
  }

  get state(): ComponentState {
    return { name: this.name, state: this.#state };
  }

  get address(): Address | undefined {
    return boundAddress(this.#server.address());
  }

  async start(): Promise<void> {
    this.#server.listen({ ...this.#address, exclusive: true });
    await once(this.#server, 'listening');
    this.#state = 'ok';
  }

  async stop(): Promise<void> {
    this.#events.push(`lines: ${this.#sink.offer([Buffer.from('the last')], 'xray')}`);
    if (this.#server.listening) this.#server.close();
    this.#state = 'off';
  }

  fail(): void {
    this.#state = 'failed';
  }
}

/** A local runtime with a receiver at `port` besides UDP; nothing listens before `start`. */
function runtimeWith(port: number, isRequired: boolean, optionalPort?: number) {
  const flags = ['local', '--bind', '127.0.0.1:0', '--bind-tcp', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const off = ['--otlp-http', '--otlp-grpc', '--zipkin'].flatMap((flag) => [flag, 'off']);
  const commandLine = parseFlags([...flags, ...off]) as CommandLine<'local'>;
  const loaded = mergeConfig({ commandLine, env: {}, file: undefined });
  const log = new MemoryLog();
  const meters = metersOf(loaded, {}, log);
  const exporter = new ManualExporter();
  const { accounting } = meters;
  const pipeline = new Pipeline(
    loaded.config,
    { maxBytes: 1e6, maxAgeMs: 60_000 },
    { exporter, upstream: [], accounting, log },
  );
  const { sink } = pipeline;
  const { udp, all } = receiversOf(loaded, meters, { sink, maxAgeMs: 50 });
  const events: string[] = [];
  const address = { host: '127.0.0.1', port };
  const lines = new LineReceiver(address, sink, events);
  const other = { host: '127.0.0.1', port: optionalPort ?? 0 };
  const optional =
    optionalPort === undefined ? [] : [boundTo('zipkin', 'TCP', other, new LineReceiver(other, sink, events), false)];
  const receivers = { udp, all: [...optional, boundTo('api', 'TCP', address, lines, isRequired), ...all] };
  const runtime = new Runtime(loaded, meters, { pipeline, receivers, tcp: undefined });
  scope.add(async () => void (await runtime.stop(AbortSignal.timeout(1_000))));
  const health = async (probe: 'readyz' | 'livez') => {
    const answer = await fetch(`http://127.0.0.1:${runtime.http!.address!.port}/${probe}`);
    const { parts, reason } = (await answer.json()) as { parts: ComponentState[]; reason?: string };
    return {
      status: answer.status,
      lines: parts.find(({ name }) => name === 'lines'),
      names: parts.map(({ name }) => name),
      reason,
    };
  };
  return { runtime, lines, exporter, log, events, accounting, health };
}

/** A port that another server has. */
async function takenPort(): Promise<number> {
  const server = createServer();
  scope.add(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return boundAddress(server.address())!.port;
}

test('a receiver that is not required and whose port is taken is reported, and everything else runs', async () => {
  const port = await takenPort();
  const { runtime, log, health } = runtimeWith(port, false);
  await runtime.start();
  const message = `cannot listen on TCP 127.0.0.1:${port}: another server of xrayd has it. Choose another with --api.`;
  expect(log.find(/cannot listen/, 'error').map(({ message: said }) => said)).toEqual([
    `${message} xrayd runs without it.`,
  ]);
  expect(await health('readyz')).toMatchObject({ status: 200, lines: { state: 'failed', reason: message } });
});

test('a required receiver whose port is taken ends the start with its address and flag', async () => {
  const port = await takenPort();
  const { runtime } = runtimeWith(port, true);
  await expect(runtime.start()).rejects.toThrow(
    `cannot listen on TCP 127.0.0.1:${port}: another server of xrayd has it. Choose another with --api.`,
  );
});

test('an error that ends the start stands alone, without the optional ports that are taken too', async () => {
  const { runtime, log } = runtimeWith(await takenPort(), true, await takenPort());
  await expect(runtime.start()).rejects.toThrow('cannot listen on TCP');
  expect(log.find(/runs without it/, 'error')).toEqual([]);
});

test('readiness and liveness depend on a required receiver, and not on one that is not required', async () => {
  const required = runtimeWith(0, true);
  await required.runtime.start();
  expect(await required.health('readyz')).toMatchObject({
    status: 200,
    names: ['udp', 'lines', 'batcher', 'exporter'],
  });
  required.lines.fail();
  expect(await required.health('livez')).toMatchObject({ status: 503, reason: 'lines: failed' });
  const optional = runtimeWith(0, false);
  await optional.runtime.start();
  optional.lines.fail();
  expect(await optional.health('readyz')).toMatchObject({
    status: 200,
    names: ['udp', 'lines', 'batcher', 'exporter'],
  });
});

test('receivers stop before the pipeline, so that what they hold at the end is sent', async () => {
  const { runtime, exporter, events, accounting } = runtimeWith(0, true);
  exporter.answer = () => ({ kind: 'sent' });
  await runtime.start();
  expect(await runtime.stop(AbortSignal.timeout(20_000))).toMatchObject({ sent: 1, lost: 0 });
  expect(events).toEqual(['lines: accepted']);
  expect(imbalanceOf(accounting.snapshot())).toBe(0);
});
