import { ApiError, internalFailure, invalid, notFound } from './api-error.ts';
import type { Operation } from './operation.ts';
import type { Saved } from './saved.ts';
import { arn, list, request, tags, text, token } from './schemas.ts';

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

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
    if (keys.some((key) => /^aws:/i.test(key))) throw invalid('Caller is an end user and not allowed to mutate system tags');
    const merged = new Map(this.#of(resource).map((tag) => [tag.Key, tag]));
    for (const tag of given) merged.set(tag.Key, tag);
    if (merged.size > MAX_TAGS) throw new ApiError('TooManyTagsException', 'The resultant tag set must not have more than 50 user tags.');
    this.#saved.set({ ...this.#saved.value, [resource]: [...merged.values()] });
  }

  forget(resource: string): void {
    const { [resource]: _, ...others } = this.#saved.value;
    this.#saved.set(others);
  }

  operations(): Operation[] {
    const known = (resource: string): string => {
      if (!this.#isKnown(resource)) throw notFound(resource);
      return resource;
    };
    return [
      {
        name: 'ListTagsForResource',
        schema: request({ ResourceARN: arn, NextToken: token }, 'ResourceARN'),
        handle: async ({ ResourceARN }) => ({ Tags: this.#of(known(ResourceARN as string)), NextToken: null }),
      },
      {
        name: 'TagResource',
        schema: request({ ResourceARN: arn, Tags: tags }, 'ResourceARN', 'Tags'),
        change: ({ ResourceARN, Tags: given }) => {
          const resource = known(ResourceARN as string);
          // compat: AWS fails here with an internal error. Source: recorded answers of X-Ray.
          if (hasTwice((given as Tag[]).map(({ Key }) => Key))) throw internalFailure();
          this.add(resource, given as Tag[]);
          return {};
        },
      },
      {
        name: 'UntagResource',
        schema: request({ ResourceARN: arn, TagKeys: list(text(1, 128), 0, 200) }, 'ResourceARN', 'TagKeys'),
        change: ({ ResourceARN, TagKeys }) => {
          const resource = known(ResourceARN as string);
          const left = this.#of(resource).filter(({ Key }) => !(TagKeys as string[]).includes(Key));
          this.#saved.set({ ...this.#saved.value, [resource]: left });
          return {};
        },
      },
    ];
  }

  #of(resource: string): readonly Tag[] {
    return Object.hasOwn(this.#saved.value, resource) ? this.#saved.value[resource]! : [];
  }
}

function hasTwice(keys: readonly string[]): boolean {
  return new Set(keys).size < keys.length;
}
