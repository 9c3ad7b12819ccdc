import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../fakes/eventually.ts';
import { LocalXRay } from '../../fakes/local-xray.ts';
import { sharedLocal } from '../../fakes/shared-local.ts';
import { Scope } from '../../fakes/scope.ts';

const scope = new Scope();
const local = await sharedLocal();

/** Reads a stream in the background. */
async function listen(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ text: () => string; isClosed: () => boolean }> {
  const stop = new AbortController();
  scope.add(() => stop.abort());
  const answer = await fetch(url, { headers, signal: stop.signal });
  expect(answer.status).toBe(200);
  let text = '';
  let isClosed = false;
  void (async () => {
    try {
      for await (const chunk of answer.body!) text += Buffer.from(chunk).toString();
    } catch {
      // The test has ended.
    }
    isClosed = true;
  })();
  return { text: () => text, isClosed: () => isClosed };
}

test('GET /events sends summaries as traces change, and with Last-Event-ID what was missed', async () => {
  const url = `${local.daemon.tcpUrl}/events`;
  const events = await listen(url);
  const first = await local.putTrace();
  await eventually(() => events.text().includes(first));
  const [, id, data] = /event: traces\nid: (\d+)\ndata: (.*)\n/.exec(events.text())!;
  expect(JSON.parse(data!)).toMatchObject([{ Id: first, Duration: 1, EntryPoint: { Name: 'web' } }]);
  const second = await local.putTrace();
  const again = await listen(url, { 'last-event-id': id! });
  await eventually(() => again.text().includes(second));
  expect(again.text()).not.toContain(first);
});

test.each(['/events', '/traces.ndjson?follow=true'])('%s sends its headers before there is any event', async (path) => {
  // Before the first line that keeps it alive, too.
  const stop = new AbortController();
  scope.add(() => stop.abort());
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]);
  expect((await fetch(`${local.daemon.tcpUrl}${path}`, { signal })).status).toBe(200);
});

test.each(['/events', '/traces.ndjson', '/traces.ndjson?follow=true'])(
  'answers HEAD %s without occupying a listener’s slot',
  async (path) => {
    const head = async (): Promise<number> =>
      (await fetch(`${local.daemon.tcpUrl}${path}`, { method: 'HEAD', signal: AbortSignal.timeout(5_000) })).status;
    for (let i = 0; i < 70; i++) expect(await head()).toBe(200);
  },
);

test('GET /events: an unknown ID makes the listener read everything again', async () => {
  const events = await listen(`${local.daemon.tcpUrl}/events`, { 'last-event-id': '4711' });
  await eventually(() => /event: resync\nid: \d+\n/.test(events.text()));
});

test('GET /events: does not wait for a listener that does not read, and memory does not grow', async () => {
  const port = Number(new URL(local.daemon.tcpUrl).port);
  const deaf = connect(port, '127.0.0.1');
  scope.add(() => deaf.destroy());
  deaf.pause();
  deaf.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const events = await listen(`${local.daemon.tcpUrl}/events`);
  let last = '';
  const pad = 'x'.repeat(8_000);
  for (let i = 0; i < 300; i++) last = await local.putTrace({ user: pad, annotations: { pad } });
  await eventually(() => events.text().includes(last));
});

test('GET /events: the stream ends when the X-Ray stops', async () => {
  const ending = await LocalXRay.of(scope);
  const events = await listen(`${ending.daemon.tcpUrl}/events`);
  expect((await ending.daemon.stop()).code).toBe(0);
  await eventually(() => events.isClosed());
});

test('GET /events: refuses listeners beyond the limit, and accepts another when one leaves', async () => {
  const url = `${local.daemon.tcpUrl}/events`;
  const stop = new AbortController();
  // Kept: `fetch` closes the connection of an answer that nothing refers to.
  const answers: Response[] = [];
  while (answers.at(-1)?.status !== 429 && answers.length < 500)
    answers.push(await fetch(url, { signal: stop.signal }));
  expect(answers.at(-1)?.status).toBe(429);
  stop.abort();
  await eventually(async () => {
    const stop = new AbortController();
    const answer = await fetch(url, { signal: stop.signal });
    stop.abort();
    return answer.status === 200;
  });
});

test('GET /traces.ndjson returns existing traces, and with follow new ones, both filtered', async () => {
  const url = `${local.daemon.tcpUrl}/traces.ndjson`;
  const ok = await local.putTrace();
  const fault = await local.putTrace({ fault: true });
  const all = (await (await fetch(url)).text()).trimEnd().split('\n');
  expect(all.map((line) => (JSON.parse(line) as { Id: string }).Id).toSorted()).toEqual([ok, fault].toSorted());
  expect((await (await fetch(`${url}?limit=1`)).text()).trimEnd().split('\n')).toHaveLength(1);
  for (const path of ['/traces.ndjson', '/api/traces']) {
    for (const limit of ['0', 'x', '-1', '1.5', '0x10', '1e3', 'Infinity', 'NaN', '%20']) {
      expect((await fetch(`${local.daemon.tcpUrl}${path}?limit=${limit}`)).status, `${path} ${limit}`).toBe(400);
    }
  }
  for (const follow of ['1', 'True', 'yes', ''])
    expect((await fetch(`${url}?follow=${follow}`)).status, follow).toBe(400);
  for (const after of [':', '1', '1:2:3', '-1:1', '1:x', 'x:1']) {
    expect((await fetch(`${local.daemon.tcpUrl}/api/traces?after=${after}`)).status, after).toBe(400);
  }
  const followed = await listen(`${url}?filter=fault&follow=true`);
  await eventually(() => followed.text().includes(fault));
  const next = await local.putTrace({ fault: true });
  await local.putTrace();
  await eventually(() => followed.text().includes(next));
  await sleep(150);
  expect(followed.text().trimEnd().split('\n')).toHaveLength(2);
  const wrong = await fetch(`${url}?filter=service(`);
  expect([wrong.status, wrong.headers.get('x-amzn-errortype')]).toEqual([400, 'InvalidRequestException']);
});
