import type { ChangingOperationName, OperationName } from '../formats/xray/operations.ts';
import type { DecodedDocuments } from '../formats/xray/put-body.ts';
import type { JsonSchema } from './schemas.ts';

/** A request's members; null counts as absent. They have passed the operation's schema. */
export type Body = Readonly<Record<string, unknown>>;

/** How one operation of X-Ray is answered: JSON in and out. */
export type Operation = ReadingOperation | ChangingOperation | PuttingOperation;

interface ReadingOperation {
  readonly name: Exclude<OperationName, ChangingOperationName | 'PutTraceSegments'>;
  readonly schema: JsonSchema;
  /** The answer: an object, or a text that is JSON already. Rejects with ApiError. */
  readonly handle: (body: Body) => Promise<object | string>;
}

/** It takes documents, as the bytes that the client sent. They are valid until the answer. */
export interface PuttingOperation {
  readonly name: 'PutTraceSegments';
  readonly schema: JsonSchema;
  /** Rejects with ApiError. */
  readonly put: (documents: DecodedDocuments) => Promise<object>;
}

/** It changes settings. All of them run within Settings.change, so none can lose what another set. */
export interface ChangingOperation {
  readonly name: ChangingOperationName;
  readonly schema: JsonSchema;
  /** The answer; no promise. Throws ApiError; then nothing is changed. */
  readonly change: (body: Body) => Answer;
}

/** Never a promise: then something could come between what a change reads and what it sets. */
export type Answer = Readonly<Record<string, unknown>> & { readonly then?: never };
