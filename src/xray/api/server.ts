import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { boundAddress, formatAddress, type Address } from '../../pipeline/address.ts';
import type { Component, ComponentState } from '../../pipeline/component.ts';
import { messageOf, XraydError } from '../../pipeline/errors.ts';
import type { Logger } from '../../pipeline/logger.ts';
import { samplingRules, samplingTargets } from '../sampling/trace-everything.ts';
import type { SegmentIntake } from '../../pipeline/segment.ts';

export interface LocalApiConfig {
  readonly host: string;
  readonly port: number;
}

export interface LocalApiDeps {
  readonly intake: SegmentIntake;
  readonly log: Logger;
  readonly onRequest: (path: string, status: number) => void;
}

const MAX_BODY_BYTES = 5 * 1024 * 1024;

/** TCP 2000 of the local X-Ray. Requests are not authenticated: SDKs sign theirs with anything, or not at all. */
export class LocalApi implements Component {
  readonly name = 'tcp';
  readonly #config: LocalApiConfig;
  readonly #deps: LocalApiDeps;
  readonly #app: FastifyInstance;
  #state: ComponentState = { name: 'tcp', state: 'starting' };

  constructor(config: LocalApiConfig, deps: LocalApiDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#app = fastify({ bodyLimit: MAX_BODY_BYTES, keepAliveTimeout: 75_000, requestTimeout: 15_000, forceCloseConnections: true });
    this.#addRoutes();
  }

  get state(): ComponentState {
    return this.#state;
  }

  get address(): Address | undefined {
    return boundAddress(this.#app.server.address());
  }

  /** Rejects with XRAYD_BIND. */
  async start(): Promise<void> {
    try {
      await this.#app.listen({ host: this.#config.host, port: this.#config.port });
    } catch (error) {
      throw new XraydError('XRAYD_BIND', messageOf(error), { cause: error });
    }
    const address = formatAddress(this.address!);
    this.#state = { name: this.name, state: 'ok', reason: address };
    this.#deps.log.info({ address }, 'answering sampling calls on TCP');
  }

  async stop(): Promise<void> {
    await this.#app.close();
    this.#state = { name: this.name, state: 'off' };
  }

  #addRoutes(): void {
    const app = this.#app;
    // Go sends no content type, .NET and ADOT no body, botocore anything: the body is read as bytes and understood here.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.addHook('onResponse', async (request, reply) => this.#deps.onRequest(request.routeOptions.url ?? 'other', reply.statusCode));
    app.setErrorHandler(async (error: { statusCode?: number }, _request, reply) => {
      const status = error.statusCode ?? 500;
      return refuse(reply, status, status === 500 ? 'InternalFailure' : 'InvalidRequestException', messageOf(error));
    });
    app.setNotFoundHandler(async (_request, reply) =>
      refuse(
        reply,
        404,
        'UnknownOperationException',
        'The local X-Ray answers GetSamplingRules, SamplingTargets, SamplingStatisticSummaries, TraceSegments and TelemetryRecords',
      ),
    );
    app.post('/GetSamplingRules', async () => samplingRules());
    app.post('/SamplingTargets', async (request, reply) => {
      const body = jsonOf(request.body);
      if (body === undefined) return refuse(reply, 400, 'SerializationException', 'The body is not JSON');
      return samplingTargets(body, Date.now());
    });
    app.post('/SamplingStatisticSummaries', async () => ({ SamplingStatisticSummaries: [], NextToken: null }));
    app.post('/TelemetryRecords', async () => ({}));
    app.post('/TraceSegments', async (request, reply) => this.#take(bytesOf(request.body), reply));
  }

  #take(body: Buffer, reply: FastifyReply): object {
    const answer = this.#deps.intake.put(body);
    return answer.status === 200 ? { UnprocessedTraceSegments: [] } : refuse(reply, answer.status, answer.errorType, answer.message);
  }
}

function refuse(reply: FastifyReply, status: number, errorType: string, message: string): { Message: string } {
  void reply.code(status).header('x-amzn-errortype', errorType);
  return { Message: message };
}

function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

/** The body as JSON: {} when it is empty, undefined when it is not JSON. */
function jsonOf(body: unknown): unknown {
  const bytes = bytesOf(body);
  if (bytes.length === 0) return {};
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
