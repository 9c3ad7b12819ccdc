/** Notations for environment variables, ready to paste. */
export const FORMS = { shell: 'bash, zsh', powershell: 'PowerShell', compose: 'Compose' } as const;
export type Form = keyof typeof FORMS;

export type Variables = Readonly<Record<string, string>>;

export function written(variables: Variables, form: Form): string {
  const entries = Object.entries(variables);
  switch (form) {
    case 'shell':
      return entries.map(([name, value]) => `export ${name}=${shellWord(value)}`).join('\n');
    case 'powershell':
      return entries.map(([name, value]) => `$env:${name} = '${value.replaceAll("'", "''")}'`).join('\n');
    case 'compose':
      return ['environment:', ...entries.map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)].join('\n');
  }
}

/** Quoted if the shell would interpret it. */
function shellWord(value: string): string {
  return /^[\w./:=,@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** Instructions for one kind of application. */
export interface Way {
  readonly title: string;
  /** Environment variables of the application, shown in the chosen notation. */
  readonly variables?: Variables;
  /** Any other lines, ready to paste. */
  readonly lines?: readonly string[];
  readonly note: string;
}

/** Where xrayd listens. */
export interface Addresses {
  /** `127.0.0.1:2000`, for segments. */
  readonly udp: string;
  /** For the X-Ray API, sampling and this page. */
  readonly tcpPort: string;
}

/** Host name of this machine as seen from a container. */
const FROM_CONTAINER = 'host.docker.internal';

/**
 * Sources: the X-Ray SDKs' documentation of their environment; for ADOT's sampler AWS's "Trace sampling rate"
 * (CloudWatch, Application Signals); for OpenTelemetry its specification of the OTLP exporter.
 */
export function waysTo({ udp, tcpPort }: Addresses, form: Form, nowSeconds: number): readonly Way[] {
  const [host = '127.0.0.1', port = '2000'] = udp.split(/:(?=\d+$)/);
  const isEverywhere = host === '0.0.0.0' || host === '[::]' || host === '::';
  // With Compose, the application runs in a container.
  const reached = form === 'compose' ? FROM_CONTAINER : isEverywhere ? '127.0.0.1' : host;
  const url = `http://${reached}:${tcpPort}`;
  const daemonAddress = (name: string): string =>
    tcpPort === port ? `${name}:${port}` : `tcp:${name}:${tcpPort} udp:${name}:${port}`;
  const bound = `xrayd must listen where containers reach it: xrayd local --bind 0.0.0.0:${port} --bind-tcp 0.0.0.0:${tcpPort}`;
  const inCompose =
    form === 'compose'
      ? `${bound}. On Linux the service also needs extra_hosts: ["${FROM_CONTAINER}:host-gateway"].`
      : '';
  return [
    {
      title: 'X-Ray SDK for Node.js, Python, Java, Go, Ruby, .NET',
      variables: { AWS_XRAY_DAEMON_ADDRESS: daemonAddress(reached) },
      note:
        inCompose === ''
          ? 'The default of every X-Ray SDK is 127.0.0.1:2000; with that address there is nothing to set.'
          : inCompose,
    },
    {
      title: 'In Python: Flask',
      lines: [
        '# pip install aws-xray-sdk',
        'from aws_xray_sdk.core import xray_recorder',
        'from aws_xray_sdk.ext.flask.middleware import XRayMiddleware',
        '',
        "xray_recorder.configure(service='my-app')",
        'XRayMiddleware(app, xray_recorder)',
      ],
      note: 'After app = Flask(__name__). Each request is then a segment named my-app.',
    },
    {
      title: 'In Node.js: Express',
      lines: [
        '// npm install aws-xray-sdk',
        "const AWSXRay = require('aws-xray-sdk');",
        "AWSXRay.captureHTTPsGlobal(require('http'));",
        '',
        "app.use(AWSXRay.express.openSegment('my-app'));",
        '// your routes',
        'app.use(AWSXRay.express.closeSegment());',
      ],
      note: 'Each request is then a segment named my-app, and the HTTP calls that it makes are subsegments.',
    },
    {
      title: 'Code outside of a request',
      variables: { AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR' },
      note: 'Code without a segment, such as a script, then logs instead of failing.',
    },
    {
      title: 'OpenTelemetry SDK',
      variables: {
        OTEL_SERVICE_NAME: 'my-app',
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      },
      note: 'Spans are kept as they were sent. The same variables serve Java, Python, Node.js, Go, .NET, Ruby and PHP. An SDK without them sends to 127.0.0.1:4318 (HTTP) or 4317 (gRPC), where xrayd also listens if nothing else does.',
    },
    {
      title: 'OpenTelemetry and X-Ray SDKs in one trace',
      variables: { OTEL_PROPAGATORS: 'tracecontext,baggage,xray' },
      note: 'X-Ray SDKs, load balancers and API Gateway pass the trace on in X-Amzn-Trace-Id; the last propagator that finds a header wins. Java’s agent and ADOT contain the propagator xray. Python needs the package opentelemetry-propagator-aws-xray, Ruby opentelemetry-propagator-xray. In Go and .NET it is set in code, and in Node.js as below.',
    },
    {
      title: 'OpenTelemetry in Node.js: X-Ray’s header and IDs',
      lines: [
        '// npm install @opentelemetry/core @opentelemetry/sdk-node',
        '// npm install @opentelemetry/propagator-aws-xray @opentelemetry/id-generator-aws-xray',
        "const { CompositePropagator, W3CTraceContextPropagator } = require('@opentelemetry/core');",
        "const { NodeSDK } = require('@opentelemetry/sdk-node');",
        "const { AWSXRayPropagator } = require('@opentelemetry/propagator-aws-xray');",
        "const { AWSXRayIdGenerator } = require('@opentelemetry/id-generator-aws-xray');",
        '',
        'const propagators = [new W3CTraceContextPropagator(), new AWSXRayPropagator()];',
        'new NodeSDK({',
        '  textMapPropagator: new CompositePropagator({ propagators }),',
        '  idGenerator: new AWSXRayIdGenerator(),',
        '}).start();',
      ],
      note: 'IDs from the generator begin with the time. X-Ray accepts any W3C trace ID, so the generator is optional: in Python OTEL_PYTHON_ID_GENERATOR=xray (opentelemetry-sdk-extension-aws), in Go xray.NewIDGenerator(), in .NET AddXRayTraceId(); ADOT has it.',
    },
    {
      title: 'OpenTelemetry, through the Collector',
      lines: [
        'receivers:',
        '  otlp: { protocols: { grpc: {}, http: {} } }',
        'exporters:',
        '  otlphttp:',
        `    endpoint: ${url}`,
        'service:',
        '  pipelines:',
        '    traces: { receivers: [otlp], exporters: [otlphttp] }',
      ],
      note: 'Save these lines as collector.yaml, and run otelcol --config collector.yaml. A collector that exports with awsxray works too: it sends X-Ray segments.',
    },
    {
      title: 'ADOT: X-Ray’s sampling rules',
      variables: { OTEL_TRACES_SAMPLER: 'xray', OTEL_TRACES_SAMPLER_ARG: `endpoint=${url}` },
      note: 'The sampler asks xrayd for rules and targets. Spans that ADOT sends to UDP 2000 are kept, too; unsampled ones are not listed.',
    },
    {
      title: 'A container',
      lines: [
        `docker run -e ${shellWord(`AWS_XRAY_DAEMON_ADDRESS=${daemonAddress(FROM_CONTAINER)}`)} --add-host ${FROM_CONTAINER}:host-gateway IMAGE`,
      ],
      note: `${bound}.`,
    },
    {
      title: 'Docker Compose, with xrayd as a service',
      lines: [
        'services:',
        '  xrayd:',
        '    image: XRAYD_IMAGE',
        '    command: [local, --insecure-bind, --bind, "0.0.0.0:2000", --bind-tcp, "0.0.0.0:2000"]',
        '    ports: ["127.0.0.1:2000:2000/udp", "127.0.0.1:2000:2000/tcp"]',
        '  app:',
        '    environment:',
        '      AWS_XRAY_DAEMON_ADDRESS: xrayd:2000',
      ],
      note: 'XRAYD_IMAGE is the image that npm run image builds. Both ports: segments come by UDP, sampling rules and this page by TCP. The ports are open to this machine only.',
    },
    {
      title: 'Lambda and SAM',
      lines: [
        `cat > env.json <<'END'`,
        `{ "Parameters": {`,
        `  "AWS_XRAY_DAEMON_ADDRESS": "${daemonAddress(FROM_CONTAINER)}",`,
        `  "_X_AMZN_TRACE_ID": "Root=1-${Math.floor(nowSeconds).toString(16)}-${'0'.repeat(23)}1;Parent=${'0'.repeat(15)}1;Sampled=1" } }`,
        'END',
        'sam local invoke --env-vars env.json',
      ],
      note: 'On your machine nothing sets the trace id of an invocation: give it one. SAM passes on what the template declares under Environment.',
    },
    {
      title: 'Tests',
      lines: ['xrayd run -- npm test'],
      note: 'Sets the variables for the command, and sums up its traces at the end.',
    },
    {
      title: 'Read with the AWS CLI or an AWS SDK',
      variables: { AWS_ENDPOINT_URL_XRAY: url },
      note: 'Any region and credentials will do.',
    },
  ];
}
