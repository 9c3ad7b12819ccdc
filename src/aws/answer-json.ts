import { jsonShapeProblem, type JsonLimits } from '../json/json-shape.ts';

/** For responses that xrayd itself uses. X-Ray's have three levels. */
const LIMITS: JsonLimits = { maxDepth: 16, maxValues: 2_000 };
/** For responses that are passed on: a service graph has some thousand values. */
export const PASSED_ON: JsonLimits = { maxDepth: 64, maxValues: 100_000 };

/**
 * The response as JSON; undefined if it is not JSON or is more complex than X-Ray's: any server may answer, and 1 MB
 * can hold 500,000 lists.
 */
export function jsonIn(body: Buffer, limits: JsonLimits = LIMITS): unknown {
  if (jsonShapeProblem(body, limits) !== undefined) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
