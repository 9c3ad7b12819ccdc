// Sends one trace with OpenTelemetry's SDK for Node: send.cjs json|http|grpc ENDPOINT [gzip]. Prints its trace ID.
const { SpanKind, SpanStatusCode, context, trace } = require('@opentelemetry/api');
const { defaultResource, resourceFromAttributes } = require('@opentelemetry/resources');
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const [protocol, endpoint, compression] = process.argv.slice(2);

function exporterOf() {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter({ url: endpoint, compression });
  }
  const name =
    protocol === 'json' ? '@opentelemetry/exporter-trace-otlp-http' : '@opentelemetry/exporter-trace-otlp-proto';
  const { OTLPTraceExporter } = require(name);
  return new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, compression });
}

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(
    resourceFromAttributes({ 'service.name': 'otel-shop', 'service.version': '1.2.3' }),
  ),
  spanProcessors: [new BatchSpanProcessor(exporterOf())],
});
const tracer = provider.getTracer('shop', '0.1');
const elsewhere = { traceId: '6929d510abcdef000000000000000001', spanId: '53995c3f42cd8ad8', traceFlags: 1 };
const root = tracer.startSpan('POST /orders/:id', {
  kind: SpanKind.SERVER,
  attributes: {
    'http.request.method': 'POST',
    'url.full': 'http://shop.example/orders/7',
    'http.response.status_code': 500,
  },
  links: [{ context: elsewhere, attributes: { why: 'cause' } }],
});
root.addEvent('cart loaded', { items: 3 });
const inside = trace.setSpan(context.active(), root);
tracer
  .startSpan(
    'SELECT orders',
    { kind: SpanKind.CLIENT, attributes: { 'db.system': 'postgresql', 'db.statement': 'SELECT 1' } },
    inside,
  )
  .end();
try {
  throw new TypeError('card declined');
} catch (error) {
  root.recordException(error);
  root.setStatus({ code: SpanStatusCode.ERROR, message: 'card declined' });
}
root.end();
console.log(root.spanContext().traceId);
provider.forceFlush().then(
  () => console.log('flushed'),
  (error) => console.log('not flushed', error),
);
