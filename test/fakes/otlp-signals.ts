import { WireWriter } from '../../src/formats/otlp/wire-writer.ts';

/** A log record as a test writes it. */
export interface LogInput {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly body?: string;
  readonly severity?: number;
  readonly level?: string;
  readonly event?: string;
  readonly timeUnixNano?: bigint;
  readonly observedTimeUnixNano?: bigint;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * An `ExportLogsServiceRequest` in protobuf. The scope and the resource come after the records, which protobuf allows.
 */
export function logsRequest(logs: readonly LogInput[], service = 'shop', scope = 'app.checkout'): Buffer {
  const writer = new WireWriter();
  writer.message(1, () => {
    writer.message(2, () => {
      for (const log of logs) writer.message(2, () => writeLog(writer, log));
      writer.message(1, () => writer.text(1, scope));
    });
    writer.message(1, () => writer.message(1, () => writeAttribute(writer, 'service.name', service)));
  });
  return writer.finish();
}

function writeLog(writer: WireWriter, log: LogInput): void {
  if (log.timeUnixNano !== undefined) writer.fixed64(1, log.timeUnixNano);
  if (log.severity !== undefined) writer.uint32(2, log.severity);
  if (log.level !== undefined) writer.text(3, log.level);
  if (log.body !== undefined) writer.message(5, () => writer.text(1, log.body!));
  for (const [key, value] of Object.entries(log.attributes ?? {}))
    writer.message(6, () => writeAttribute(writer, key, value));
  if (log.traceId !== undefined) writer.value(9, log.traceId, 'hex');
  if (log.spanId !== undefined) writer.value(10, log.spanId, 'hex');
  if (log.observedTimeUnixNano !== undefined) writer.fixed64(11, log.observedTimeUnixNano);
  if (log.event !== undefined) writer.text(12, log.event);
}

function writeAttribute(writer: WireWriter, key: string, value: string): void {
  writer.text(1, key);
  writer.message(2, () => writer.text(1, value));
}

/** The same in OTLP's JSON. */
export function logsJson(logs: readonly LogInput[], service = 'shop', scope = 'app.checkout'): object {
  const attribute = ([key, value]: [string, string]): object => ({ key, value: { stringValue: value } });
  return {
    resourceLogs: [
      {
        resource: { attributes: [attribute(['service.name', service])] },
        scopeLogs: [
          {
            scope: { name: scope },
            logRecords: logs.map((log) => ({
              ...(log.timeUnixNano === undefined ? {} : { timeUnixNano: String(log.timeUnixNano) }),
              ...(log.observedTimeUnixNano === undefined
                ? {}
                : { observedTimeUnixNano: String(log.observedTimeUnixNano) }),
              severityNumber: log.severity,
              severityText: log.level,
              ...(log.body === undefined ? {} : { body: { stringValue: log.body } }),
              attributes: Object.entries(log.attributes ?? {}).map(attribute),
              traceId: log.traceId?.toUpperCase(),
              spanId: log.spanId,
              eventName: log.event,
            })),
          },
        ],
      },
    ],
  };
}

/** An `ExportMetricsServiceRequest` in protobuf with one sum of so many data points. */
export function metricsRequest(dataPoints: number): Buffer {
  const writer = new WireWriter();
  writer.message(1, () =>
    writer.message(2, () =>
      writer.message(2, () => {
        writer.text(1, 'requests');
        writer.message(7, () => {
          for (let i = 0; i < dataPoints; i++) writer.message(1, () => writer.fixed64(3, 1n));
          writer.uint32(2, 2);
        });
      }),
    ),
  );
  return writer.finish();
}
