import type { OptionSpec } from './option.ts';

/** The address of a receiver: off in the daemon, and on in the local X-Ray. */
const RECEIVER = {
  group: 'Receiving',
  commands: ['daemon', 'local'],
  kind: 'address',
  use: 'listen',
  default: 'off',
  offIn: ['daemon', 'local'],
} as const;

/** Options of the receivers of OpenTelemetry and Zipkin spans, and of what spans become. */
export const SPAN_OPTIONS = {
  otlpHttp: {
    ...RECEIVER,
    flag: 'otlp-http',
    defaultIn: { local: { host: '127.0.0.1', port: 4318 } },
    help: 'Address to receive OpenTelemetry spans on, as OTLP over HTTP (protobuf or JSON). off: none.',
  },
  otlpGrpc: {
    ...RECEIVER,
    flag: 'otlp-grpc',
    defaultIn: { local: { host: '127.0.0.1', port: 4317 } },
    help: 'Address to receive OpenTelemetry spans on, as OTLP over gRPC. off: none.',
  },
  otlpTlsCert: {
    group: 'Receiving',
    commands: ['daemon', 'local'],
    kind: 'text',
    form: 'path',
    flag: 'otlp-tls-cert',
    default: '',
    placeholder: 'FILE',
    help: 'Certificate of the OTLP receivers, with its chain, in PEM. With it and --otlp-tls-key, OTLP is received over TLS only. A renewed file is used without a restart.',
  },
  otlpTlsKey: {
    group: 'Receiving',
    commands: ['daemon', 'local'],
    kind: 'text',
    form: 'path',
    flag: 'otlp-tls-key',
    default: '',
    placeholder: 'FILE',
    help: 'Private key of --otlp-tls-cert, in PEM.',
  },
  zipkin: {
    ...RECEIVER,
    flag: 'zipkin',
    defaultIn: { local: { host: '127.0.0.1', port: 9411 } },
    help: 'Address to receive Zipkin spans on (v2 in JSON, POST /api/v2/spans). off: none.',
  },
  indexedAttributes: {
    group: 'X-Ray',
    commands: ['daemon', 'local'],
    kind: 'text',
    form: 'list',
    flag: 'indexed-attributes',
    default: '',
    placeholder: 'NAMES',
    help: 'Attributes of OpenTelemetry spans that become annotations, which X-Ray indexes, separated by commas; otel.resource.NAME for those of the resource. The others become metadata.',
  },
  indexAllAttributes: {
    group: 'X-Ray',
    commands: ['daemon', 'local'],
    kind: 'switch',
    flag: 'index-all-attributes',
    default: false,
    help: 'All attributes of OpenTelemetry spans become annotations. X-Ray indexes 50 of a trace.',
  },
  awsLogGroups: {
    group: 'X-Ray',
    commands: ['daemon', 'local'],
    kind: 'text',
    form: 'list',
    flag: 'aws-log-groups',
    default: '',
    placeholder: 'NAMES',
    help: 'CloudWatch log groups of OpenTelemetry spans whose resource names none, separated by commas.',
  },
  remoteParentIsLocalRoot: {
    group: 'X-Ray',
    commands: ['daemon', 'local'],
    kind: 'switch',
    flag: 'local-root-at-remote-parent',
    default: false,
    help: 'Start a segment at every OpenTelemetry span whose flags mark its parent as remote, whatever the span kind.',
  },
} as const satisfies Record<string, OptionSpec>;

/** The options that are addresses of receivers. */
export type SpanReceiverOption = {
  [K in keyof typeof SPAN_OPTIONS]: (typeof SPAN_OPTIONS)[K] extends typeof RECEIVER ? K : never;
}[keyof typeof SPAN_OPTIONS];
