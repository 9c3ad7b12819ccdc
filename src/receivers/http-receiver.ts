import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { clientErrorHandler } from '../http/client-error.ts';
import { ConnectionLimits } from '../http/connections.ts';
import { Listener } from '../http/listening.ts';
import type { Address } from '../pipeline/address.ts';
import type { Logger } from '../pipeline/logger.ts';
import type { ServerCertificate } from './server-certificate.ts';

const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
};

/** What a server answers. */
export interface HttpHandler {
  /** For logs and health: `otlp-http`. */
  readonly name: string;
  /** For people: `OTLP over HTTP`. */
  readonly title: string;
  /** Answers a request. Never rejects. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The body, as JSON, of the answer to what is no request. */
  problem(message: string): object;
}

export interface HttpReceiverDeps {
  readonly handler: HttpHandler;
  /** Exporters keep a connection each. */
  readonly maxConnections: number;
  /** Limit of all answers that clients have not read. */
  readonly maxUnreadBytes: number;
  readonly log: Logger;
  /** With it, the server uses TLS. */
  readonly certificate?: ServerCertificate | undefined;
}

/** A server for a protocol over HTTP. */
export function httpReceiver(
  address: Address,
  { handler, maxConnections, maxUnreadBytes, log, certificate }: HttpReceiverDeps,
): Listener {
  const options = { ...TIMEOUTS, maxHeaderSize: 16 * 1024 };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (limits.admit(request, response)) void handler.serve(request, response);
  };
  const { name, title } = handler;
  const server =
    certificate === undefined
      ? createServer(options, serve)
      : certificate.serve(createTlsServer({ ...options, ...certificate.options }, serve), { title, log });
  const limits = new ConnectionLimits(server, { maxConnections, server: 'receiver', maxUnreadBytes });
  server.on('clientError', clientErrorHandler(limits, { bodyOf: ({ message }) => handler.problem(message) }));
  const error = { key: `${name}_server`, message: `error on the port of ${title}` };
  return new Listener(
    { name, address, started: `receiving ${title}`, error },
    {
      server,
      log,
      finish: () => server.closeIdleConnections(),
      cut: () => server.closeAllConnections(),
    },
  );
}
