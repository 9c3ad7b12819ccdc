import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LOG_MESSAGES, logMessagesDoc } from '../../scripts/log-messages.ts';
import { httpRoutesDoc } from '../../scripts/http-routes.ts';
import { logCalls } from './log-calls.ts';

/** Where the message is not written at the call: the rows that describe it. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'src/aws/xray-api.ts: answer.message': ['(a problem of TLS)'],
  'src/batcher/sender.ts: dropMessage(reason)': ['(one of the reasons for a loss)'],
  'src/batcher/spool/leftovers.ts: message': ['(a problem with files left by a daemon that has stopped)'],
  'src/batcher/spool/trouble.ts: message': ['(a problem of the disk of the spool)'],
  'src/cli/serve.ts: warning.message': ['(a warning of Node)'],
  'src/cli/serve.ts: warning': ['(a value of the configuration)'],
  'src/cli/serve.ts: line': ['xrayd stopped: … segments sent in the drain, … lost'],
  'src/compose/meters.ts: shortage': ['(too little memory for the buffer)'],
  'src/compose/reload.ts: warning': ['(a value of the configuration)'],
  'src/compose/runtime.ts: HTTP_GAVE_WAY': [
    'health and metrics are unavailable, because --bind-tcp uses their default port. Choose another with --http-address',
  ],
  'src/http/listening.ts: problem.message': ['error on the port of …'],
  'src/proxy/sampling-proxy.ts: FOREIGN': [
    'something other than X-Ray answered a sampling call: SDKs keep using the last rules, or fall back to their local ones. …',
  ],
  'src/threads/ingest.ts: OTLP_REMEDY': [
    'OTLP bodies were rejected: the local X-Ray keeps spans. Metrics, which AWS Distro for OpenTelemetry sends for Application Signals, are not kept',
  ],
  'src/threads/store.ts: problem': ['(a problem of the file of --data)'],
  'src/threads/store.ts: this.#damage': ['(a problem of the file of --data)'],
};

/** Templates of which the variable part says most, and the rows that describe them. */
const ROW_OF: Readonly<Record<string, string>> = {
  'a request failed; please report this': '… failed; please report this',
  'a request on the TCP port failed; please report this': '… failed; please report this',
  'an OTLP request failed; please report this': '… failed; please report this',
  '… …': '(a value of the configuration)',
  'the region of … …': '(a value of the configuration)',
  '…. …': '(one of the reasons for a loss)',
};

const ROWS = Object.values(LOG_MESSAGES).flat();

test('every warning and error of the log is in docs/troubleshooting/log-messages.md with its level, and each row is logged', () => {
  const calls = logCalls();
  expect(calls.length).toBeGreaterThan(60);
  const described = new Set<string>();
  for (const { file, level, message } of calls) {
    const rows = rowsOf(file, message);
    for (const row of rows) {
      described.add(row);
      const entry = ROWS.find((one) => one.message === row);
      expect(entry, `${file}: ${message} has no row in scripts/log-messages.ts (${row})`).toBeDefined();
      expect(entry?.level, row).toBe(level);
    }
  }
  expect(ROWS.map(({ message }) => message).filter((message) => !described.has(message))).toEqual([]);
});

test('the generated pages are up to date', () => {
  expect(readFileSync('docs/troubleshooting/log-messages.md', 'utf8')).toBe(logMessagesDoc());
  expect(readFileSync('docs/reference/http-routes.md', 'utf8')).toBe(httpRoutesDoc());
});

/** The messages of the rows that describe a call, by the source of its message. */
function rowsOf(file: string, source: string): readonly string[] {
  const elsewhere = ELSEWHERE[`${file}: ${source}`];
  if (elsewhere !== undefined) return elsewhere;
  const text = source
    .slice(1, -1)
    .replaceAll("\\'", "'")
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');
  return [ROW_OF[text] ?? text];
}
