import * as Type from './type.ts';
import { ApiError, internalFailure, invalid, notFound } from './api-error.ts';
import { NextToken, TagKeys, TagList, type Tag } from './members.ts';
import { changes, reads, type Operations } from './operation.ts';
import type { Saved } from './saved.ts';

const MAX_TAGS = 50;

/** Tags of groups and sampling rules, by their ARNs. */
export class Tags {
  readonly #saved: Saved<Readonly<Record<string, readonly Tag[]>>>;
  readonly #isKnown: (arn: string) => boolean;

  /** `isKnown` says whether there is such a group or rule. */
  constructor(saved: Saved<Readonly<Record<string, readonly Tag[]>>>, isKnown: (arn: string) => boolean) {
    this.#saved = saved;
    this.#isKnown = isKnown;
  }

  /** Within a change. Throws what AWS would. */
  add(resource: string, given: readonly Tag[]): void {
    const keys = given.map(({ Key }) => Key);
    if (hasTwice(keys)) throw invalid('Tag keys must be unique');
    if (keys.some((key) => /^aws:/i.test(key)))
      throw invalid('Caller is an end user and not allowed to mutate system tags');
    const merged = new Map(this.#of(resource).map((tag) => [tag.Key, tag]));
    for (const tag of given) merged.set(tag.Key, tag);
    if (merged.size > MAX_TAGS)
      throw new ApiError('TooManyTagsException', 'The resultant tag set must not have more than 50 user tags.');
    this.#saved.set({ ...this.#saved.value, [resource]: [...merged.values()] });
  }

  forget(resource: string): void {
    const { [resource]: _, ...others } = this.#saved.value;
    this.#saved.set(others);
  }

  operations() {
    const known = (resource: string): string => {
      if (!this.#isKnown(resource)) throw notFound(resource);
      return resource;
    };
    const ResourceARN = Type.String({ minLength: 1, maxLength: 1_011 });
    return {
      ListTagsForResource: reads(Type.Object({ ResourceARN, NextToken }), async ({ ResourceARN: resource }) => ({
        Tags: this.#of(known(resource)),
        NextToken: null,
      })),
      TagResource: changes(Type.Object({ ResourceARN, Tags: TagList }), ({ ResourceARN: arn, Tags: given }) => {
        const resource = known(arn);
        // compat: AWS fails here with an internal error. Source: recorded answers of X-Ray.
        if (hasTwice(given.map(({ Key }) => Key))) throw internalFailure();
        this.add(resource, given);
        return {};
      }),
      UntagResource: changes(Type.Object({ ResourceARN, TagKeys }), ({ ResourceARN: arn, TagKeys: keys }) => {
        const resource = known(arn);
        const left = this.#of(resource).filter(({ Key }) => !keys.includes(Key));
        this.#saved.set({ ...this.#saved.value, [resource]: left });
        return {};
      }),
    } satisfies Partial<Operations>;
  }

  #of(resource: string): readonly Tag[] {
    const { value } = this.#saved;
    return (Object.hasOwn(value, resource) ? value[resource] : undefined) ?? [];
  }
}

function hasTwice(keys: readonly string[]): boolean {
  return new Set(keys).size < keys.length;
}
