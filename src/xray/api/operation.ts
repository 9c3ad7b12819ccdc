import type { JsonSchema } from './schemas.ts';

/** A request's members; null counts as absent. They have passed the operation's schema. */
export type Body = Readonly<Record<string, unknown>>;

/** One operation of X-Ray: a POST with JSON in and out. */
export interface Operation {
  readonly path: string;
  readonly schema: JsonSchema;
  /** The answer: an object, or a text that is JSON already. Rejects with ApiError. */
  readonly handle: (body: Body) => Promise<object | string>;
}
