/** Members that several requests have. Source of the constraints: X-Ray's published service model, 2016-04-12. */
import { TRACE_ID } from '../formats/xray/validate.ts';
import { invalid } from './api-error.ts';
import * as Type from './type.ts';

/** Seconds since the epoch. Text is refused, as in AWS. */
export const Timestamp = Type.Number();
export const TimeRange = { StartTime: Timestamp, EndTime: Timestamp };
export const NextToken = Type.Optional(Type.String());
export const ShortToken = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));

export const GroupName = Type.String({ minLength: 1, maxLength: 32 });
export const GroupARN = Type.String({ minLength: 1, maxLength: 400 });
export const GroupReference = { GroupName: Type.Optional(GroupName), GroupARN: Type.Optional(GroupARN) };

export const TraceId = Type.String({ minLength: 1, maxLength: 35 });

const TagKey = Type.String({ minLength: 1, maxLength: 128 });
export const TagKeys = Type.Array(TagKey, { maxItems: 200 });
const Tag = Type.Object({ Key: TagKey, Value: Type.String({ maxLength: 256 }) });
export type Tag = Readonly<Type.Static<typeof Tag>>;
export const TagList = Type.Array(Tag, { maxItems: 200 });

/** Within 32 bits: the AWS SDKs for Go and Java could not read a larger number in a response. */
export function integer(minimum = -(2 ** 31), maximum = 2 ** 31 - 1): Type.TInteger {
  return Type.Integer({ minimum, maximum });
}

/** With the type of the values, because a number must be refused as a wrong type and not as a wrong value. */
export function oneOf<V extends string>(...values: V[]): Type.TEnum<V[]> {
  return Type.Enum(values, { type: 'string' });
}

/** Throws InvalidRequestException. */
export function checkOrder({ StartTime, EndTime }: { readonly StartTime: number; readonly EndTime: number }): void {
  if (EndTime < StartTime) throw invalid('End time cannot be earlier than start time');
}

/** Throws InvalidRequestException. */
export function checkTraceIds(ids: readonly string[]): void {
  const bad = ids.find((id) => !TRACE_ID.test(id));
  if (bad !== undefined) throw invalid(`Invalid trace id ${bad}: incorrect id format`);
}
