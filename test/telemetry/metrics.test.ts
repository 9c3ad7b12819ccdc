import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Accounting } from '../../src/pipeline/accounting.ts';
import { newCounters } from '../../src/pipeline/counters.ts';
import { METRICS, metricsDoc, MetricsPage } from '../../src/telemetry/metrics.ts';

const SOURCES = {
  udp: { kernelDrops: () => 4 },
  batcher: { limitBytes: 10, concurrency: 2, lastReceivedMs: 4_000 },
  exporter: { lastSuccessMs: 5_000 },
  log: {},
};

const NAMES = [...METRICS, ...Object.values(newCounters())].map(({ name }) => name);

function page(accounting: Accounting): { render: () => Promise<string> } {
  const metrics = new MetricsPage('1.2.3', accounting);
  return { render: () => metrics.render(SOURCES) };
}

test('shows the catalogue, with help and type for each', async () => {
  const text = await page(new Accounting()).render();
  for (const name of NAMES) {
    expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect(text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'));
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^nodejs_heap_size_used_bytes \d+$/m);
  expect(text).toContain('xrayd_build_info{version="1.2.3"');
});

test('keeps every metric name that dashboards use', () => {
  const names = new Set(NAMES);
  const promised = `segments_received_total segments_rejected_total segments_dropped_total segments_sent_total segments_unprocessed_total segments_retried_total
    kernel_drops_total buffer_segments buffer_bytes buffer_limit_bytes in_flight_segments put_trace_segments_total put_trace_segments_duration_seconds
    upload_concurrency proxy_requests_total credentials_expiry_timestamp_seconds last_success_timestamp_seconds last_segment_received_timestamp_seconds segments_restored_total spooled_segments spooled_bytes`;
  for (const name of promised.split(/\s+/)) expect(names).toContain(`xrayd_${name}`);
});

test('scrapes that wait share a text, which shows the moment after the last of them', async () => {
  const accounting = new Accounting();
  const { render } = page(accounting);
  const first = render();
  const waiting = Array.from({ length: 1_000 }, render);
  accounting.received = 7;
  expect(new Set(waiting).size).toBeLessThanOrEqual(2);
  expect(await waiting.at(-1)).toContain('xrayd_segments_received_total 7');
  await first;
  expect(await render()).toContain('xrayd_segments_received_total 7');
});

test('each scrape shows one moment: nothing accumulates from scrape to scrape', async () => {
  const accounting = new Accounting();
  const { render } = page(accounting);
  accounting.sent = 3;
  accounting.countUnprocessed('ParseError');
  await render();
  accounting.sent = 5;
  accounting.counters.calls.inc({ outcome: 'sent' });
  accounting.counters.callSeconds.observe(0.02);
  accounting.counters.requests.inc({ path: '/GetSamplingRules', status: '200' });
  const [text, again] = await Promise.all([render(), render()]);
  expect(text).toMatch(/^xrayd_segments_sent_total 5$/m);
  expect(text).toMatch(/^xrayd_segments_unprocessed_total\{code="ParseError"\} 1$/m);
  expect(text).toMatch(/^xrayd_put_trace_segments_total\{outcome="sent"\} 1$/m);
  expect(text).toMatch(/^xrayd_proxy_requests_total\{path="\/GetSamplingRules",status="200"\} 1$/m);
  expect(text).not.toMatch(/^xrayd_credentials_expiry_timestamp_seconds \d/m);
  expect(again).toMatch(/^xrayd_segments_sent_total 5$/m);
});

test('docs/metrics.md is up to date', () => {
  expect(readFileSync('docs/metrics.md', 'utf8')).toBe(metricsDoc());
});
