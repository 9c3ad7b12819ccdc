/**
 * The exit code of every error that keeps the program from starting.
 * 2 is what Go, and so the reference daemon, returns for a bad command line; 1 is for everything else.
 */
const ERRORS = {
  XRAYD_USAGE: { exitCode: 2 },
  XRAYD_CONFIG: { exitCode: 1 },
  XRAYD_BIND: { exitCode: 1 },
  XRAYD_REGION: { exitCode: 1 },
  XRAYD_SEND: { exitCode: 1 },
  XRAYD_STORE: { exitCode: 1 },
  XRAYD_TRANSFER: { exitCode: 1 },
  XRAYD_RUN: { exitCode: 1 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** An error for a person: the message tells what happened, why, and what to do next. */
export class XraydError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'XraydError';
    this.code = code;
  }

  get exitCode(): number {
    return ERRORS[this.code].exitCode;
  }
}

/** The message of any thrown value, for a log line or a reason. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Connection attempts over IPv4 and IPv6 fail together as one AggregateError with an empty message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error.message;
}

/** The `code` of a system error (`ECONNREFUSED`), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
