import * as Type from './type.ts';
import { ExpansionError, expandGroups } from '../filter/groups.ts';
import { FilterError, parseFilter } from '../filter/parse.ts';
import type { Expression } from '../filter/expression.ts';
import type { Search } from '../filter/search.ts';
import { textSearch } from '../filter/text.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { groupArn, type Account } from './account.ts';
import { invalid } from './api-error.ts';
import { GroupName, GroupReference, ShortToken, TagList } from './members.ts';
import { changes, reads, type Answer, type Operations } from './operation.ts';
import { flagOf } from './query-string.ts';
import type { Saved } from './saved.ts';
import type { Tags } from './tags.ts';

export interface Group {
  readonly GroupName: string;
  readonly GroupARN: string;
  readonly FilterExpression: string | null;
  readonly InsightsConfiguration: { readonly InsightsEnabled: boolean; readonly NotificationsEnabled: boolean };
  /** When its expression was last changed, in seconds since the epoch; ours. */
  readonly editedAt: number;
}

/** X-Ray's quota, with Default among them. */
const MAX_GROUPS = 25;
const NO_INSIGHTS = { InsightsEnabled: false, NotificationsEnabled: false };

const InsightsConfiguration = Type.Optional(
  Type.Object({ InsightsEnabled: Type.Optional(Type.Boolean()), NotificationsEnabled: Type.Optional(Type.Boolean()) }),
);
const FilterExpression = Type.Optional(Type.String());
const GroupRef = Type.Object(GroupReference);
const CreateGroup = Type.Object({
  GroupName,
  FilterExpression,
  InsightsConfiguration,
  Tags: Type.Optional(TagList),
});
const UpdateGroup = Type.Object({ ...GroupReference, FilterExpression, InsightsConfiguration });

export type GroupRef = Readonly<Type.Static<typeof GroupRef>>;

/** The groups of traces, and filter expressions that name them. */
export class Groups {
  readonly #account: Account;
  readonly #saved: Saved<readonly Group[]>;
  readonly #tags: Tags;

  constructor(account: Account, saved: Saved<readonly Group[]>, ownTags: Tags) {
    this.#account = account;
    this.#saved = saved;
    this.#tags = ownTags;
  }

  get default(): Group {
    const GroupARN = groupArn(this.#account, 'Default');
    return { GroupName: 'Default', GroupARN, FilterExpression: null, InsightsConfiguration: NO_INSIGHTS, editedAt: 0 };
  }

  get all(): readonly Group[] {
    return [this.default, ...this.#saved.value];
  }

  /** Throws InvalidRequestException. */
  find({ GroupName, GroupARN }: GroupRef): Group {
    if ((GroupName === undefined) === (GroupARN === undefined)) throw invalid('Provide either GroupName or GroupARN');
    const group = this.all.find((each) =>
      GroupName === undefined ? each.GroupARN === GroupARN : each.GroupName === GroupName,
    );
    if (group === undefined) throw invalid('Group not found');
    return group;
  }

  /** The filter of a request that may name a group: none for Default. Throws InvalidRequestException. */
  filterOf(ref: GroupRef): { filter: Expression | undefined; editedAt: number } {
    const name = ref.GroupName === '' ? undefined : ref.GroupName;
    if (name === undefined && ref.GroupARN === undefined) return { filter: undefined, editedAt: 0 };
    const group = this.all.find((each) =>
      name === undefined ? each.GroupARN === ref.GroupARN : each.GroupName === name,
    );
    if (group === undefined) throw invalid('Group not found.');
    return {
      filter: group.FilterExpression === null ? undefined : this.parse(group.FilterExpression),
      editedAt: group.editedAt,
    };
  }

  /** The search of a query string. Throws InvalidRequestException. */
  searchOf({
    filter,
    text,
    unsampled,
  }: {
    readonly filter?: string;
    readonly text?: string;
    readonly unsampled?: string;
  }): Search {
    return {
      filter: filter === undefined || filter === '' ? undefined : this.parse(filter),
      text: textSearch(text),
      hasUnsampled: flagOf('unsampled', unsampled),
    };
  }

  /** Understands an expression, with its groups expanded. Throws InvalidRequestException in X-Ray's form. */
  parse(text: string): Expression {
    try {
      return expandGroups(parseFilter(text), (keyword, value) => {
        const group = this.all.find((each) => (keyword === 'group.name' ? each.GroupName : each.GroupARN) === value);
        if (group === undefined) return undefined;
        return group.FilterExpression === null ? null : parseFilter(group.FilterExpression);
      });
    } catch (error) {
      if (error instanceof FilterError || error instanceof ExpansionError) throw invalid(error.message);
      throw error;
    }
  }

  operations() {
    return {
      GetGroups: reads(Type.Object({ NextToken: ShortToken }), async (body) => this.#list(body)),
      GetGroup: reads(GroupRef, async (body) => ({ Group: shown(this.find(body)) })),
      CreateGroup: changes(CreateGroup, (body) => this.#create(body)),
      UpdateGroup: changes(UpdateGroup, (body) => this.#update(body)),
      DeleteGroup: changes(GroupRef, (body) => this.#delete(body)),
    } satisfies Partial<Operations>;
  }

  #list({ NextToken }: { NextToken?: string }): object {
    if (NextToken !== undefined) throw invalid('Next Token not supported');
    return { Groups: this.all.map(shown), NextToken: null };
  }

  #create({
    GroupName,
    FilterExpression,
    InsightsConfiguration,
    Tags: given,
  }: Type.Static<typeof CreateGroup>): Answer {
    if (!/^[A-Za-z0-9-]+$/.test(GroupName)) throw invalid('Group name may contain letters, digits and dashes only');
    if (isBlank(FilterExpression)) throw invalid('Filter Expression is empty');
    if (this.all.some((group) => group.GroupName === GroupName)) throw invalid(`${GroupName} already exists`);
    if (this.all.length >= MAX_GROUPS) throw invalid(`Group limit of ${MAX_GROUPS} exceeded`);
    this.parse(FilterExpression);
    const group = {
      GroupName,
      GroupARN: groupArn(this.#account, GroupName),
      FilterExpression,
      InsightsConfiguration: withInsights(NO_INSIGHTS, InsightsConfiguration),
      editedAt: 0,
    };
    if (given !== undefined) this.#tags.add(group.GroupARN, given);
    this.#saved.set([...this.#saved.value, group]);
    return { Group: shown(group) };
  }

  #update({ FilterExpression, InsightsConfiguration, ...ref }: Type.Static<typeof UpdateGroup>): Answer {
    const group = this.find(ref);
    if (group.GroupName === 'Default') throw invalid('The Default group cannot be updated');
    // compat: AWS asks for the expression even where only the insights change. Source: recorded answers of X-Ray.
    if (isBlank(FilterExpression)) throw invalid('Filter Expression is empty');
    this.parse(FilterExpression);
    const updated = {
      ...group,
      ...(FilterExpression === group.FilterExpression ? {} : { FilterExpression, editedAt: wallClockMs() / 1000 }),
      InsightsConfiguration: withInsights(group.InsightsConfiguration, InsightsConfiguration),
    };
    this.#saved.set(this.#saved.value.map((each) => (each.GroupARN === group.GroupARN ? updated : each)));
    return { Group: shown(updated) };
  }

  #delete(ref: GroupRef): Answer {
    const group = this.find(ref);
    if (group.GroupName === 'Default') throw invalid('The Default group cannot be deleted');
    this.#tags.forget(group.GroupARN);
    this.#saved.set(this.#saved.value.filter(({ GroupARN }) => GroupARN !== group.GroupARN));
    return {};
  }
}

/** Source: X-Ray's model for the rule; the wording is ours. */
function withInsights(
  before: Group['InsightsConfiguration'],
  asked: Partial<Group['InsightsConfiguration']> = {},
): Group['InsightsConfiguration'] {
  const InsightsEnabled = asked.InsightsEnabled ?? before.InsightsEnabled;
  if (asked.NotificationsEnabled === true && !InsightsEnabled)
    throw invalid('Notifications can only be enabled on a group with insights enabled');
  return {
    InsightsEnabled,
    NotificationsEnabled: InsightsEnabled && (asked.NotificationsEnabled ?? before.NotificationsEnabled),
  };
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text.trim() === '';
}

function shown({ GroupName, GroupARN, FilterExpression, InsightsConfiguration }: Group): object {
  return { GroupName, GroupARN, FilterExpression, InsightsConfiguration };
}
