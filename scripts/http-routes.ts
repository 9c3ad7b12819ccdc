import { markdownTable } from '../src/cli/markdown-table.ts';
import { ALL_OPERATIONS, type Caller } from '../src/formats/xray/operations.ts';

const IN_DAEMON: Readonly<Record<Caller, string>> = {
  sdk: 'yes',
  daemon: 'yes',
  account: 'only with `--proxy-allow`',
};
const LOCAL_TOKEN: Readonly<Record<Caller, string>> = { sdk: 'no', daemon: 'yes', account: 'yes' };

/** docs/reference/http-routes.md. */
export function httpRoutesDoc(): string {
  const rows = ALL_OPERATIONS.map(({ name, path, caller }) => [
    `\`POST ${path}\``,
    name,
    IN_DAEMON[caller],
    LOCAL_TOKEN[caller],
  ]);
  return `<!-- Generated from src/formats/xray/operations.ts by \`npm run docs\`. Do not edit. -->

# HTTP routes

## Health and metrics: HTTP 2001

\`--http-address\`, 127.0.0.1:2001 by default, in both modes.

| route | answer |
| --- | --- |
| \`GET /livez\` | 200 if the process works, otherwise 503; JSON with the state of each part |
| \`GET /readyz\` | 200 if the ports are open too and xrayd is not stopping, otherwise 503; the same JSON |
| \`GET /metrics\` | [metrics](../metrics.md) in the Prometheus text format |

## X-Ray's operations: TCP 2000

The local X-Ray answers all of them.
The daemon answers \`POST /TraceSegments\` itself, and signs and forwards the others where the table says so.
A token is needed only if the local X-Ray listens on an address other than loopback
([who may read](../local.md#who-may-read)).

${markdownTable(['route', 'operation', 'in the daemon', 'local X-Ray: needs the token'], rows)}
## OTLP and Zipkin

| route | port | |
| --- | --- | --- |
| \`POST /v1/traces\` | \`--otlp-http\`, 4318; local X-Ray also TCP 2000 | spans, protobuf or JSON |
| \`POST /v1/logs\`, \`POST /v1/metrics\` | the same, local X-Ray only | [logs of traces are kept](../opentelemetry.md#logs), metrics are not |
| gRPC \`opentelemetry.proto.collector.trace.v1.TraceService/Export\` | \`--otlp-grpc\`, 4317 | spans |
| \`POST /api/v2/spans\` | \`--zipkin\`, 9411 | Zipkin spans in JSON |

[What a sender is told](../opentelemetry.md#what-a-sender-is-told) lists the answers.

## Local X-Ray: for scripts and web pages

[local.md](../local.md#querying-traces) describes \`/traces.ndjson\`, \`/events\`, \`/api/import\` and the others.
`;
}
