import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
} from 'fastify';
import { withDocuments, type DocumentsSchema } from './documents-body.ts';
import type { TSchema } from './type.ts';
import type { ChangingOperationName, OperationName } from '../formats/xray/operations.ts';
import type { DecodedDocuments } from '../formats/xray/put-body.ts';
import { awsJson } from '../json/aws-json.ts';

/** A server whose handlers get the types of their parameters and bodies from the route's schemas. */
export type ApiServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A body that matches the schema `S`. */
type BodyOf<S> = FastifyRequest<
  RouteGenericInterface,
  RawServerDefault,
  RawRequestDefaultExpression,
  { body: S },
  TypeBoxTypeProvider
>['body'];

/** A response: an object, or text that is JSON already. */
type Response = object | string;

/** The response of a change. Never a promise: other code could run between what a change reads and what it sets. */
export type Answer = Readonly<Record<string, unknown>> & { readonly then?: never };

export interface OperationContext {
  /** Runs a change alone and saves what it sets as a whole. */
  readonly change: (work: () => Answer) => Promise<Answer>;
  /** Answers a call with documents, whose memory is not read after the first turn. */
  readonly putTraceSegments: (documents: DecodedDocuments) => Promise<Response>;
}

export interface Operation<K extends 'read' | 'change' = 'read' | 'change'> {
  readonly kind: K;
  readonly schema: TSchema;
  /** Adds the operation to `app` as POST `path`. */
  readonly addTo: (app: ApiServer, path: string, context: OperationContext) => void;
}

/** Every operation of X-Ray. The table in src/formats/xray/operations.ts decides which of them are changes. */
export type Operations = {
  readonly [N in OperationName]: Operation<N extends ChangingOperationName ? 'change' : 'read'>;
};

/** An operation that changes no settings. `handle` rejects with ApiError. Members that are null count as absent. */
export function reads<S extends TSchema>(schema: S, handle: (body: BodyOf<S>) => Promise<Response>): Operation<'read'> {
  return {
    kind: 'read',
    schema,
    addTo: (app, path) =>
      void app.post(path, { schema: { body: schema } }, async ({ body }, reply) => respond(reply, () => handle(body))),
  };
}

/** An operation that changes settings. If `change` throws ApiError, nothing is changed. */
export function changes<S extends TSchema>(schema: S, change: (body: BodyOf<S>) => Answer): Operation<'change'> {
  return {
    kind: 'change',
    schema,
    addTo: (app, path, context) =>
      void app.post(path, { schema: { body: schema } }, async ({ body }, reply) =>
        respond(reply, () => context.change(() => change(body))),
      ),
  };
}

/** PutTraceSegments. The body is released before the response: its documents are copied, and may wait to be stored. */
export function takesDocuments(schema: DocumentsSchema): Operation<'read'> {
  return {
    kind: 'read',
    schema: schema.body,
    addTo: (app, path, { putTraceSegments }) =>
      void app.post(path, { config: { takesDocuments: true } }, async (request, reply) =>
        respond(reply, async () => {
          const { response } = await withDocuments(request, schema, async (documents) => ({
            response: putTraceSegments(documents),
          }));
          return response;
        }),
      ),
  };
}

async function respond(reply: FastifyReply, handle: () => Promise<Response>): Promise<FastifyReply> {
  void reply.header('strict-transport-security', 'max-age=31540000; includeSubDomains');
  const response = await handle();
  void reply.header('content-type', 'application/json');
  return reply.send(typeof response === 'string' ? response : awsJson(response));
}
