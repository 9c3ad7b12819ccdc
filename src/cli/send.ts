import { sampleTrace, type SampleTrace } from '../compose/sample-trace.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { TracesData } from '../formats/otlp/messages.ts';
import { formatAddress, type Address } from '../pipeline/address.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { otlpTraceId } from '../trace/trace-id.ts';
import type { CommandContext } from './command.ts';
import { sendAndConfirm } from './send-and-confirm.ts';
import { sendDocuments } from './send-documents.ts';
import { sendSpans, tracesUrl } from './send-spans.ts';

/** A daemon answers at once that it does not take spans there. */
const LOCAL_WAIT_MS = 1_000;

/** `xrayd send` */
export async function run(
  { config: { to, otlp, confirm } }: LoadedConfig<'send'>,
  { output }: CommandContext,
): Promise<number> {
  const sample = sampleTrace(wallClockMs());
  const { traceId, web, orders } = sample;
  if (otlp !== undefined) {
    const url = tracesUrl(otlp);
    await sendSpans(joined(web.spans, orders.spans), url);
    await output.out(`sent trace ${traceId} (OpenTelemetry: ${otlpTraceId(traceId)}) to ${url.href}\n`);
    return 0;
  }
  const send = (target: Address): Promise<void> => sendBothKinds(sample, target);
  if (confirm === undefined) await send(to);
  const counted =
    confirm === undefined
      ? "; UDP gives no answer: to see whether it arrived, add --confirm with the daemon's --http-address"
      : `; ${await sendAndConfirm({ send, count: 2 }, to, confirm)}`;
  await output.out(`sent trace ${traceId} to UDP ${formatAddress(to)}${counted}\n`);
  return 0;
}

/**
 * The local X-Ray takes OpenTelemetry spans on the TCP port of the same number: it gets one service as a segment and
 * the other as spans. A daemon gets two segments.
 */
async function sendBothKinds({ web, orders }: SampleTrace, target: Address): Promise<void> {
  await sendDocuments([web.segment], target);
  try {
    await sendSpans(orders.spans, tracesUrl(new URL(`http://${formatAddress(target)}`)), LOCAL_WAIT_MS);
  } catch {
    // If it did take them, the segment has the same ID and replaces them.
    await sendDocuments([orders.segment], target);
  }
}

function joined(...all: readonly TracesData[]): TracesData {
  return { resourceSpans: all.flatMap(({ resourceSpans }) => resourceSpans) };
}
