import { jsonShapeProblem, type JsonLimits } from '../json/json-shape.ts';

/** For answers whose contents are used here. X-Ray's have three levels. */
const LIMITS: JsonLimits = { maxDepth: 16, maxValues: 2_000 };
/** For answers that are passed on: a service graph has some thousand values. */
export const PASSED_ON: JsonLimits = { maxDepth: 64, maxValues: 100_000 };

/** An answer as JSON; undefined when it is none, or has more structure than X-Ray's: what answers may be anything, and 1 MB may hold 500,000 lists. */
export function jsonIn(body: Buffer, limits: JsonLimits = LIMITS): unknown {
  if (jsonShapeProblem(body, limits) !== undefined) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
