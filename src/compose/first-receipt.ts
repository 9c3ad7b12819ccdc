import { sumOf, type Accounting } from '../pipeline/accounting.ts';
import { formatAddress, type Address } from '../pipeline/address.ts';
import type { Component } from '../pipeline/component.ts';
import type { Logger } from '../pipeline/logger.ts';

/** SDKs poll the sampling rules, and health checks are traced, well within this time. */
const WAIT_MS = 60_000;

export interface FirstReceiptDeps {
  readonly accounting: Accounting;
  readonly log: Logger;
  /** Where segments are received; undefined while that is unknown. */
  readonly address: () => Address | undefined;
}

/** Says in the log, once, that nothing arrived in the first minute: a wrong address leaves no other trace. */
export class FirstReceipt implements Component {
  readonly name = 'first receipt';
  readonly #deps: FirstReceiptDeps;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: FirstReceiptDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#timer = setTimeout(() => this.#check(), WAIT_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const { accounting, log, address } = this.#deps;
    const { received, rejected } = accounting.snapshot();
    if (received > sumOf(rejected)) return;
    const bound = address();
    log.info(
      bound === undefined ? {} : { address: formatAddress(bound) },
      'no segments received in the first minute. If applications have requests, check their AWS_XRAY_DAEMON_ADDRESS and what filters UDP, or run xrayd doctor',
    );
  }
}
