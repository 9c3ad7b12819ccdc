/**
 * A web application without a line of tracing but an event, a link and an annotation: the AWS Distro for OpenTelemetry
 * instruments it. Prints "listening PORT".
 */
const http = require('node:http');
const { trace } = require('@opentelemetry/api');

const tracer = trace.getTracer('shop', '0.1');
const elsewhere = { traceId: '6929d510abcdef000000000000000001', spanId: '53995c3f42cd8ad8', traceFlags: 1 };

function loadCart() {
  const span = tracer.startSpan('load cart', { links: [{ context: elsewhere, attributes: { why: 'cause' } }] });
  span.setAttributes({ customer: 'c-1042', 'aws.xray.annotations': ['customer'] });
  span.addEvent('cart loaded', { items: 3 });
  span.end();
}

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  if (pathname === '/call') {
    http.get(searchParams.get('url'), (answer) => {
      answer.resume();
      answer.on('end', () => response.end('called'));
    });
    return;
  }
  if (pathname === '/') loadCart();
  if (pathname === '/error') response.statusCode = 500;
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
