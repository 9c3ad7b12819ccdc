import { arrayOf, isObject, member, type Json } from '../../json/json.ts';

/** The subsegments directly inside a (sub)segment: a walk over a document begins here. */
export function embeddedIn(json: unknown): readonly Json[] {
  return arrayOf(member(json, 'subsegments')).filter(isObject);
}
