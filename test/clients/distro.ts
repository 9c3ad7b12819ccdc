import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { DaemonProcess } from '../fakes/daemon-process.ts';
import { eventually } from '../fakes/eventually.ts';

/** What the tests read of a segment. */
export interface DistroSegment {
  readonly id: string;
  readonly name: string;
  readonly type?: string;
  readonly parent_id?: string;
  readonly fault?: boolean;
  readonly links?: readonly unknown[];
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly http?: { readonly request?: { readonly url?: string } };
  readonly metadata?: { readonly default?: Readonly<Record<string, unknown>> };
  readonly subsegments?: readonly DistroSegment[];
}

/** As the distribution's guide says; the batch is sent sooner. */
export async function environment(daemon: DaemonProcess): Promise<Record<string, string>> {
  await eventually(() => daemon.find(/receiving OTLP over HTTP/) !== undefined);
  return {
    OTEL_SERVICE_NAME: 'adot-shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${String(daemon.find(/receiving OTLP over HTTP/)!['address'])}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_TRACES_SAMPLER: 'xray',
    OTEL_TRACES_SAMPLER_ARG: `endpoint=${daemon.tcpUrl},polling_interval=1`,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_PYTHON_DISTRO: 'aws_distro',
    OTEL_PYTHON_CONFIGURATOR: 'aws_configurator',
  };
}

/** Segments, and the subsegments in them. */
export const all = (segments: readonly DistroSegment[]): DistroSegment[] =>
  segments.flatMap((segment) => [segment, ...all(segment.subsegments ?? [])]);
/** Whether a segment is of a request for `path`. */
export const isOf =
  (path: string) =>
  ({ http }: DistroSegment): boolean =>
    http?.request?.url?.endsWith(path) === true;

/** The span that the application makes itself. */
export function checkCart(segments: readonly DistroSegment[]): void {
  const cart = segments.find(({ name }) => name === 'load cart');
  expect(cart).toMatchObject({ annotations: { customer: 'c-1042' }, links: [{}] });
  expect(JSON.stringify(cart!.metadata!.default!['otel.events'])).toContain('cart loaded');
}

/** A trace that is sampled whatever the rules say. */
export function newTrace(): { readonly id: string; readonly headers: Record<string, string> } {
  const id = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`;
  return {
    id,
    headers: { 'X-Amzn-Trace-Id': `Root=${id};Parent=${randomBytes(8).toString('hex')};Sampled=1` },
  };
}
