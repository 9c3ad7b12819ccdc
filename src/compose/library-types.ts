/** Copied as the package's types (dist/index.d.ts), so it must not import anything. */

export interface LocalXRayOptions {
  /** UDP and TCP port on 127.0.0.1; a free port by default. OTLP over gRPC and Zipkin always have free ports. */
  readonly port?: number;
  /** File for the traces; by default, or if "", a temporary file that is deleted on stop. */
  readonly data?: string;
  /** Called with each log message; by default, nothing is logged. */
  readonly onLog?: (level: string, message: string) => void;
}

export interface RecordedTrace {
  /** `1-`, 8 hex digits, `-`, 24 hex digits. */
  readonly id: string;
  /** A TraceSummary as in GetTraceSummaries: `HasFault`, `Duration` (seconds), `Http`, `Annotations` … */
  readonly summary: Readonly<Record<string, unknown>>;
  /** The documents as in BatchGetTraces: received segments first, then inferred ones (`inferred: true`). */
  readonly segments: readonly Readonly<Record<string, unknown>>[];
}

/** What became of segment documents. Spans are counted once they are documents. */
export interface DocumentCounts {
  /** Documents that were read, whether or not they were stored. */
  readonly received: number;
  /** Documents that are not stored because they are not segments that X-Ray accepts. */
  readonly refused: number;
  /** Valid documents that are not stored, and datagrams that the kernel dropped (Linux): too many arrived at once. */
  readonly lost: number;
}

export interface LocalXRay extends AsyncDisposable {
  /** For AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:PORT`, UDP and TCP. */
  readonly daemonAddress: string;
  /** The endpoint of X-Ray's API, for AWS clients. */
  readonly url: string;
  /** For OTEL_EXPORTER_OTLP_ENDPOINT with the protocol `http/protobuf` or `http/json`: `http://127.0.0.1:PORT`. */
  readonly otlpHttpUrl: string;
  /** For OTEL_EXPORTER_OTLP_ENDPOINT with the protocol `grpc`: `http://127.0.0.1:PORT`. */
  readonly otlpGrpcUrl: string;
  /** For OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:PORT/api/v2/spans`. */
  readonly zipkinUrl: string;
  /**
   * Environment variables for a traced program.
   * For X-Ray SDKs and AWS clients: AWS_XRAY_DAEMON_ADDRESS, AWS_ENDPOINT_URL_XRAY, XRAYD_API.
   * For OpenTelemetry SDKs: OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL (OTLP over HTTP),
   * OTEL_EXPORTER_ZIPKIN_ENDPOINT, and OTEL_BSP_SCHEDULE_DELAY, so that spans are sent within 200 ms.
   */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Resolves with the newest trace that matches an X-Ray filter expression, such as `service("web") AND !partial`, as
   * soon as there is one. A trace ID in any notation, a header such as traceparent, or a log line with an ID waits for
   * that trace.
   * Rejects after `timeoutMs` (5,000) with a list of the traces that exist, and at once if the expression is invalid.
   * With `text`, the trace must also contain each of these words, in a service name, a URL, an annotation, an exception
   * or the like; the expression may then be "".
   */
  waitForTrace(
    filterExpression: string,
    options?: { readonly timeoutMs?: number; readonly text?: string },
  ): Promise<RecordedTrace>;
  /** All traces, or those that match the expression and contain the words of `text`, newest first. */
  traces(filterExpression?: string, options?: { readonly text?: string }): Promise<RecordedTrace[]>;
  /** Resolves when everything that was sent so far can be read. */
  settled(): Promise<void>;
  /** Since the start. After `settled`, what is neither refused nor lost can be read. */
  counts(): DocumentCounts;
  /** Removes all traces. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a local X-Ray in this process. It receives segments over UDP and TCP, and OpenTelemetry and Zipkin spans, serves
 * X-Ray's API, and traces every request.
 */
export declare function startLocalXRay(options?: LocalXRayOptions): Promise<LocalXRay>;
