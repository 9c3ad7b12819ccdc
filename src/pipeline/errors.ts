/**
 * Every code that the program itself exits with. compat: 2 is Go's, and so the reference daemon's, for a bad command
 * line; 1 for a failed start.
 */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'A signal stopped the daemon, or the command succeeded.' },
  failed: {
    code: 1,
    meaning:
      'The start failed (an unusable value, the configuration file, the region, a port, the store), or a command did not succeed.',
  },
  usage: {
    code: 2,
    meaning: 'The command line could not be read: an unknown flag, a flag without its value, `-m five`.',
  },
  loss: { code: 3, meaning: 'Segments were lost at shutdown. Only with `--exit-on-loss`.' },
  notExecutable: { code: 126, meaning: 'The program of `xrayd run` cannot be executed. As in a shell.' },
  notFound: { code: 127, meaning: 'There is no such program for `xrayd run`. As in a shell.' },
  outputClosed: {
    code: 141,
    meaning:
      'The reader of the output closed it, as in `xrayd export | head`. A shell shows the same code after SIGPIPE.',
  },
} as const;

interface CatalogueEntry {
  readonly exit: keyof typeof EXIT_CODES;
  readonly meaning: string;
  /** What to do in general; the message of an error is more specific. */
  readonly remedy: string;
}

/** Every error that ends a start or a command. docs/errors.md shows the table. */
export const ERRORS = {
  XRAYD_USAGE: {
    exit: 'usage',
    meaning: 'The command line cannot be read, or has a flag that the command does not use.',
    remedy: 'Correct the flag that the message names. `xrayd COMMAND --help` lists the flags of a command.',
  },
  XRAYD_CONFIG: {
    exit: 'failed',
    meaning: 'A value of a flag, a variable or cfg.yaml cannot be used, or the file cannot be read.',
    remedy:
      'Correct the value where the message says it is set. `xrayd --print-config` shows where each value comes from.',
  },
  XRAYD_BIND: {
    exit: 'failed',
    meaning: 'xrayd cannot listen on an address.',
    remedy: 'Stop the program that the message names, or choose another address with the flag that it names.',
  },
  XRAYD_REGION: {
    exit: 'failed',
    meaning: 'No AWS region was found, or what was found is not a region.',
    remedy: 'Set `--region`, `Region` in cfg.yaml or `AWS_REGION`.',
  },
  XRAYD_SEND: {
    exit: 'failed',
    meaning:
      '`xrayd send` could not send, the receiver did not accept all spans, or the daemon did not count the segments.',
    remedy:
      'Check that the daemon is running, that `--to` is its UDP address or `--otlp` the URL of its OTLP receiver, and that `--confirm` is the address of its metrics.',
  },
  XRAYD_DAEMON: {
    exit: 'failed',
    meaning: '`xrayd top` found no running xrayd.',
    remedy: 'Start the daemon, or set `--http-address` to the address of its health and metrics.',
  },
  XRAYD_STORE: {
    exit: 'failed',
    meaning: 'The local X-Ray cannot use its file of traces.',
    remedy: 'Free disk space, correct the permissions, or name another file with `--data`.',
  },
  XRAYD_TRANSFER: {
    exit: 'failed',
    meaning: '`xrayd export`, `import` or `pull` could not read or store traces.',
    remedy:
      'Check that a local X-Ray is running at `--api` and accepts `--token`. For `pull`, check the region and the credentials.',
  },
  XRAYD_NO_PROGRAM: {
    exit: 'notFound',
    meaning: 'There is no program of the name that `xrayd run` was given.',
    remedy: 'Correct the name or the path, or add the folder of the program to `PATH`.',
  },
  XRAYD_NOT_EXECUTABLE: {
    exit: 'notExecutable',
    meaning: 'The system refused to execute the program of `xrayd run`.',
    remedy: 'Name the program, not a folder, and make its file executable: `chmod +x FILE`.',
  },
  XRAYD_RUN: {
    exit: 'failed',
    meaning: '`xrayd run` could not write the file of `--save`, or a part of xrayd did not start in time.',
    remedy: 'Correct the path of the file. For a part, check the disk or the network that it needs.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error for a person: the message says what happened, why, and what to do next. */
export class XraydError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'XraydError';
    this.code = code;
  }

  get exitCode(): number {
    return EXIT_CODES[ERRORS[this.code].exit].code;
  }
}

/**
 * The message of any thrown value, for a log line or a reason. Always a string: the AWS SDK copies the members of an
 * answer to its errors, and a server may send an object as `message`.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Connection attempts over IPv4 and IPv6 fail together as one AggregateError with an empty message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  const message: unknown = error.message;
  return typeof message === 'string' ? message : (JSON.stringify(message) ?? 'no message');
}

/** The `code` of a system error (`ECONNREFUSED`), if it has one. */
export function systemCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** SQLite's primary result code in an error of node:sqlite; 0 if it has none. https://sqlite.org/rescode.html */
export function sqliteCodeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 0;
  // The low byte of an extended code is the primary code.
  return typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
