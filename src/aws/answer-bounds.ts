import { NodeHttpHandler, type NodeHttpHandlerOptions } from '@smithy/node-http-handler';
import { IncomingMessage } from 'node:http';
import { DeadlineError } from '../pipeline/deadline.ts';

export interface AnswerBounds {
  readonly maxBytes: number;
  /** From the response headers to the last byte. */
  readonly timeoutMs: number;
}

/**
 * The SDK's HTTP handler reads responses of any size and waits forever for the next byte. This one limits both size and
 * time.
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
    if (this.#bounds !== undefined && answer.response.body instanceof IncomingMessage)
      bound(answer.response.body, this.#bounds);
    return answer;
  }
}

/** Counts bytes as they are pushed: listening to the data would consume it. */
function bound(response: IncomingMessage, { maxBytes, timeoutMs }: AnswerBounds): void {
  const timer = setTimeout(() => response.destroy(new DeadlineError('the whole answer', timeoutMs)), timeoutMs);
  response.once('close', () => clearTimeout(timer));
  const push = response.push.bind(response);
  let bytes = response.readableLength;
  response.push = (chunk: Buffer | null, encoding) => {
    bytes += chunk?.length ?? 0;
    if (bytes <= maxBytes) return push(chunk, encoding);
    response.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
    return false;
  };
}
