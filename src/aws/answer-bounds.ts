import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { jsonShapeProblem, type JsonLimits } from '../json/json-shape.ts';
import { DeadlineError } from '../pipeline/deadline.ts';
import { AnswerBytes } from './answer-bytes.ts';

export interface AnswerBounds {
  readonly maxBytes: number;
  /** From the response headers to the last byte. */
  readonly timeoutMs: number;
  /** Of an answer in JSON. Without them, its structure is not limited. */
  readonly json?: JsonLimits;
}

/**
 * The SDK's HTTP handler reads responses of any size and waits forever for the next byte. This one limits their size,
 * time and structure.
 */
export class BoundedHandler extends NodeHttpHandler {
  readonly #bounds: AnswerBounds | undefined;

  constructor(options: NodeHttpHandlerOptions, bounds: AnswerBounds | undefined) {
    super(options);
    this.#bounds = bounds;
  }

  override async handle(
    ...[request, options]: Parameters<NodeHttpHandler['handle']>
  ): ReturnType<NodeHttpHandler['handle']> {
    const answer = await super.handle(request, options);
    const { response } = answer;
    if (this.#bounds !== undefined && response.body instanceof IncomingMessage)
      response.body = Readable.from([await wholeOf(response.body, this.#bounds)]);
    return answer;
  }
}

/** Rejects if the answer exceeds a limit, or is not complete. */
async function wholeOf(response: IncomingMessage, { maxBytes, timeoutMs, json }: AnswerBounds): Promise<Buffer> {
  const answer = new AnswerBytes();
  const timer = setTimeout(() => response.destroy(new DeadlineError('the whole answer', timeoutMs)), timeoutMs);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (answer.length + chunk.length > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
      answer.add(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  if (json !== undefined && jsonShapeProblem(answer.bytes, json) !== undefined) throw new Error(tooMuch(json));
  return answer.bytes;
}

/** What is wrong with an answer whose structure exceeds `limits`. */
export function tooMuch({ maxDepth, maxValues }: JsonLimits): string {
  return `the answer is not X-Ray's: it has more than ${maxValues} values or ${maxDepth} levels`;
}
