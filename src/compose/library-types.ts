/** Copied as the package's types (dist/index.d.ts): imports nothing. */

export interface LocalXRayOptions {
  /** UDP and TCP port on 127.0.0.1; a free one when not given. */
  readonly port?: number;
  /** File to keep the traces in; a temporary one, deleted at the end, when not given or "". */
  readonly data?: string;
  /** Told what the local X-Ray has to say, a line each; nobody is when not given. */
  readonly onLog?: (level: string, message: string) => void;
}

export interface RecordedTrace {
  /** `1-` and 8 and 24 hex digits. */
  readonly id: string;
  /** A TraceSummary as GetTraceSummaries answers it: `HasFault`, `Duration` (seconds), `Http`, `Annotations` … */
  readonly summary: Readonly<Record<string, unknown>>;
  /** The documents of BatchGetTraces, inferred segments (`inferred: true`) after those that came. */
  readonly segments: readonly Readonly<Record<string, unknown>>[];
}

export interface StartedXRay extends AsyncDisposable {
  /** For AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:PORT`, UDP and TCP. */
  readonly daemonAddress: string;
  /** X-Ray's API: the endpoint for AWS's clients. */
  readonly url: string;
  /** Variables for a program that is traced: AWS_XRAY_DAEMON_ADDRESS, AWS_ENDPOINT_URL_XRAY, XRAYD_API. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Resolves with the newest trace that matches an X-Ray filter expression, such as `service("web") AND !partial`, as soon as there is one.
   * Rejects after `timeoutMs` (5,000) with what traces there are, and at once when the expression is wrong. With `text` the trace also has each of
   * these words, in the name of a service, a URL, an annotation, an exception or the like; the expression may be "" then.
   */
  waitForTrace(filterExpression: string, options?: { readonly timeoutMs?: number; readonly text?: string }): Promise<RecordedTrace>;
  /** All traces, or those that match the expression and have the words of `text`, newest first. */
  traces(filterExpression?: string, options?: { readonly text?: string }): Promise<RecordedTrace[]>;
  /** Resolves when everything that was sent so far can be read. */
  settled(): Promise<void>;
  /** Removes all traces. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a local X-Ray in this process: receives segments by UDP and TCP, answers X-Ray's API, traces every request. */
export declare function startLocalXRay(options?: LocalXRayOptions): Promise<StartedXRay>;
