import type { OperationName } from '../../aws/operations.ts';
import type { JsonSchema } from './schemas.ts';

/** A request's members; null counts as absent. They have passed the operation's schema. */
export type Body = Readonly<Record<string, unknown>>;

/** How one operation of X-Ray is answered: JSON in and out. */
export interface Operation {
  readonly name: OperationName;
  readonly schema: JsonSchema;
  /** The answer: an object, or a text that is JSON already. Rejects with ApiError. */
  readonly handle: (body: Body) => Promise<object | string>;
}
