/** An express application with the X-Ray SDK for Node. Prints "listening PORT". */
const http = require('node:http');
const AWSXRay = require('aws-xray-sdk-core');
const xrayExpress = require('aws-xray-sdk-express');
const express = require('express');

AWSXRay.captureHTTPsGlobal(http);
AWSXRay.middleware.enableDynamicNaming();
const app = express();
app.use(xrayExpress.openSegment('node-shop'));

app.get('/', (request, response, next) => {
  const segment = AWSXRay.getSegment();
  segment.addAnnotation('customer', 'c-1042');
  segment.addMetadata('cart', { items: [1, 2, 3], note: 'grüße ☃' }, 'shop');
  AWSXRay.captureAsyncFunc('validate', (subsegment) => {
    subsegment.addAnnotation('attempt', 1);
    http
      .get({ host: '127.0.0.1', port: request.socket.localPort, path: '/downstream' }, (answer) => {
        answer.resume();
        answer.on('end', () => {
          subsegment.close();
          response.send('ok');
        });
      })
      .on('error', next);
  });
});
app.get('/downstream', (_request, response) => response.send('down'));
app.get('/call', (request, response, next) => {
  http
    .get(request.query.url, (answer) => {
      answer.resume();
      answer.on('end', () => response.send('called'));
    })
    .on('error', next);
});
app.get('/error', () => {
  AWSXRay.captureFunc('charge', () => {
    throw new Error('card declined');
  });
});
app.get('/many', (_request, response) => {
  for (let step = 0; step < 120; step++) AWSXRay.captureFunc(`step ${step}`, () => {});
  response.send('many');
});
app.get('/health', (_request, response) => response.send('healthy'));
app.use(xrayExpress.closeSegment());
// The default handler prints the stack of the exception that /error throws on purpose.
app.use((_error, _request, response, _next) => response.status(500).send('failed'));
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
