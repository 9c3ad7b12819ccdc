import type { FastifyRequest } from 'fastify';
import { MAX_DOCUMENTS_PER_CALL } from '../formats/xray/limits.ts';
import { decodeDocuments, type DecodedDocuments } from '../formats/xray/put-body.ts';
import { invalid } from './api-error.ts';
import { withBody } from './bodies.ts';
import * as Type from './type.ts';
import { bodyOf, violationError } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body holds segment documents. It is not parsed as JSON: `withDocuments` decodes the documents. */
    readonly takesDocuments?: true;
  }
}

export interface DocumentsSchema {
  /** Of the body, for the errors that AWS answers. */
  readonly body: Type.TSchema;
  readonly maxDocuments: number;
}

/** Imports by hand may have more documents than a call of X-Ray. */
const MAX_IMPORTED_DOCUMENTS = 1_000;

export const PUT_TRACE_SEGMENTS: DocumentsSchema = {
  body: Type.Object({ TraceSegmentDocuments: Type.Array(Type.String()) }),
  maxDocuments: MAX_DOCUMENTS_PER_CALL,
};
export const IMPORT: DocumentsSchema = {
  body: Type.Object({ TraceSegmentDocuments: Type.Array(Type.String(), { maxItems: MAX_IMPORTED_DOCUMENTS }) }),
  maxDocuments: MAX_IMPORTED_DOCUMENTS,
};

/**
 * Passes the documents in the body of a route that `takesDocuments` to `use`. They are decoded in the body's memory,
 * which is valid until `use` ends.
 * Rejects with ApiError.
 */
export function withDocuments<T>(
  request: FastifyRequest,
  schema: DocumentsSchema,
  use: (documents: DecodedDocuments) => Promise<T>,
): Promise<T> {
  return withBody(request, async (bytes) => use(documentsIn(bytes, request, schema)));
}

/** Only a body with a problem becomes JSON, because its error depends on what the schema says. */
function documentsIn(
  bytes: Buffer,
  request: FastifyRequest,
  { body: schema, maxDocuments }: DocumentsSchema,
): DecodedDocuments {
  const decoded = decodeDocuments(bytes, maxDocuments);
  if (typeof decoded !== 'string' && decoded.documents.length + decoded.empty > 0) return decoded;
  const json = bodyOf(bytes);
  const validate = request.compileValidationSchema(schema);
  if (!validate(json)) throw violationError(validate.errors ?? [], json);
  if (typeof decoded !== 'string') return decoded;
  throw invalid(
    decoded === 'too_many'
      ? `A call takes at most ${maxDocuments} segment documents`
      : 'The body contains too much besides TraceSegmentDocuments',
  );
}
