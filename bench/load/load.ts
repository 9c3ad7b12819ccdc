import { USUAL, type Size } from './documents.ts';
import { startSender, type Sender } from './sender.ts';

/** Sends numbered segments to a port: at a steady rate, in a ramp, or at once. One call at a time. */
export class Load {
  readonly #sender: Sender;
  readonly #first: number;
  #next: number;

  /**
   * `first` is the number of the first segment; `base` is the start of `offered` if an earlier load sent the numbers up
   * to `first`; `sockets` is the number of source ports, as of so many processes.
   */
  constructor(
    port: number,
    { first = 0, base, sockets = 1 }: { first?: number; base?: number; sockets?: number } = {},
  ) {
    this.#first = base ?? first;
    this.#next = first;
    this.#sender = startSender({ port, first, sockets });
  }

  /** Number of segments that completed calls have handed to the kernel. */
  get offered(): number {
    return this.#next - this.#first;
  }

  /** Sends `count` segments as fast as the socket accepts them. */
  async burst(count: number, size: Size = USUAL): Promise<void> {
    this.#next = await this.#sender.burst(count, size);
  }

  async steady(perSecond: number, seconds: number, size: Size = USUAL): Promise<void> {
    this.#next = await this.#sender.paced(perSecond, perSecond, seconds, size);
  }

  async ramp(from: number, to: number, seconds: number, size: Size = USUAL): Promise<void> {
    this.#next = await this.#sender.paced(from, to, seconds, size);
  }

  close(): void {
    this.#sender.close();
  }
}
