import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/compose/free-port.ts';
import { DaemonProcess } from '../../test/fakes/daemon-process.ts';
import { EXAMPLE_KEYS } from '../../test/fakes/xray.ts';
import { untilOpen } from '../until-open.ts';

const BUNDLE = fileURLToPath(new URL('../../dist/xrayd.cjs', import.meta.url));

/** A process that takes OTLP. */
export interface Target {
  readonly pid: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  stop(): Promise<void>;
}

/** xrayd's daemon, which sends to an X-Ray at this port. */
export async function daemonTarget(xrayPort: number): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'xrayd-bench-'));
  const config = join(folder, 'cfg.yaml');
  writeFileSync(config, `Endpoint: "https://127.0.0.1:${xrayPort}"\nNoVerifySSL: true\nVersion: 2\n`);
  return xraydTarget(['-o', '-n', 'us-east-1', '-c', config], folder);
}

/** A local X-Ray with a store of its own. */
export async function localTarget(): Promise<Target & { storedTraces: () => Promise<number> }> {
  const folder = mkdtempSync(join(tmpdir(), 'xrayd-bench-'));
  const target = await xraydTarget(['local', '--data', join(folder, 'traces.db'), '--data-size', '4000'], folder);
  return {
    ...target,
    storedTraces: async () => {
      const answer = await fetch(`${target.tcpUrl}/api/status`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- xrayd's own answer
      return ((await answer.json()) as { traces: number }).traces;
    },
  };
}

async function xraydTarget(args: readonly string[], folder: string): Promise<Target & { tcpUrl: string }> {
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const receivers = ['--otlp-http', `127.0.0.1:${httpPort}`, '--otlp-grpc', `127.0.0.1:${grpcPort}`, '--zipkin', 'off'];
  const daemon = new DaemonProcess({
    command: [process.execPath, BUNDLE],
    args: [...args, ...receivers],
    env: EXAMPLE_KEYS,
  });
  await daemon.ready();
  const stop = async (): Promise<void> => {
    await daemon.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  return { pid: daemon.pid, httpPort, grpcPort, stop, tcpUrl: daemon.tcpUrl };
}

/**
 * A collector with the OTLP receiver, the batch processor and the exporter awsxray. The batches are those of the AWS
 * distribution's default configuration (aws-otel-collector, config.yaml): 1 s or 50 spans.
 */
export async function collectorTarget(program: string, xrayPort: number): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'xrayd-bench-'));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const config = {
    receivers: {
      otlp: {
        protocols: { grpc: { endpoint: `127.0.0.1:${grpcPort}` }, http: { endpoint: `127.0.0.1:${httpPort}` } },
      },
    },
    processors: { batch: { timeout: '1s', send_batch_size: 50 } },
    exporters: {
      awsxray: {
        region: 'us-east-1',
        endpoint: `https://127.0.0.1:${xrayPort}`,
        no_verify_ssl: true,
        local_mode: true,
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { traces: { receivers: ['otlp'], processors: ['batch'], exporters: ['awsxray'] } },
    },
  };
  // JSON is YAML.
  const file = join(folder, 'config.yaml');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(program, ['--config', file], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...EXAMPLE_KEYS },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-10_000)));
  try {
    for (const port of [httpPort, grpcPort]) await untilOpen(port, 30_000, () => child.exitCode !== null);
  } catch {
    throw new Error(`the collector does not listen: ${output}`);
  }
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return { pid: child.pid!, httpPort, grpcPort, stop };
}
