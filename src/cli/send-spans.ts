import { jsonIn } from '../aws/answer-json.ts';
import { directCall, type DirectAnswer } from '../aws/direct-call.ts';
import type { TracesData } from '../formats/otlp/messages.ts';
import { writeTracesJson } from '../formats/otlp/write-json.ts';
import { isObject, member } from '../json/json.ts';
import { messageOf, XraydError } from '../pipeline/errors.ts';
import { oneLine } from '../pipeline/one-line.ts';

const PATH = '/v1/traces';
/** The timeout of OpenTelemetry's exporters. */
const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REASON = 300;

/** Where the spans go below a base URL. Source: OpenTelemetry's specification, OTEL_EXPORTER_OTLP_ENDPOINT. */
export function tracesUrl(base: URL): URL {
  const url = new URL(base);
  if (!url.pathname.endsWith(PATH)) url.pathname = url.pathname.replace(/\/$/, '') + PATH;
  return url;
}

/** Sends spans as OTLP over HTTP. Throws XRAYD_SEND if not all of them are accepted. */
export async function sendSpans(traces: TracesData, url: URL, timeoutMs = TIMEOUT_MS): Promise<void> {
  const failed = (reason: string, cause?: unknown): XraydError =>
    new XraydError('XRAYD_SEND', `cannot send spans to ${url.href}: ${reason}`, { cause });
  let answer: DirectAnswer;
  try {
    answer = await directCall(url.href, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: writeTracesJson(traces),
      timeoutMs,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    });
  } catch (error) {
    const hint = /ECONNREFUSED/.test(messageOf(error))
      ? 'nothing listens there. Start a local X-Ray (xrayd local), or give the daemon --otlp-http'
      : messageOf(error);
    throw failed(hint, error);
  }
  const body = jsonIn(Buffer.from(answer.text));
  if (answer.status !== 200) throw failed(`HTTP ${answer.status}${reasonOf(body, answer.text)}`);
  // A receiver of OTLP answers in the format of the request, or with nothing; a portal with 200 and a page.
  if (answer.text !== '' && !isObject(body))
    throw failed(`what answered is no receiver of OTLP (a proxy?)${reasonOf(undefined, answer.text)}`);
  const partial = member(body, 'partialSuccess');
  const rejected = Number(member(partial, 'rejectedSpans') ?? 0);
  if (rejected > 0) throw failed(`${rejected} of the spans were rejected${reasonOf(partial, '', 'errorMessage')}`);
}

function reasonOf(json: unknown, text: string, name = 'message'): string {
  const message = member(json, name);
  const reason = oneLine(typeof message === 'string' ? message : text, MAX_REASON);
  return reason === '' ? '' : `: ${reason}`;
}
