import { ExpansionError, expandGroups } from '../filter/groups.ts';
import { FilterError, parseFilter } from '../filter/parse.ts';
import type { Expression } from '../filter/expression.ts';
import { wallClockMs } from '../pipeline/clock.ts';
import { groupArn, type Account } from './account.ts';
import { invalid } from './api-error.ts';
import type { Answer, Operation } from './operation.ts';
import type { Saved } from './saved.ts';
import { groupArn as arnSchema, groupName, insightsConfiguration, request, shortToken, tags } from './schemas.ts';
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

export interface GroupRef {
  readonly GroupName?: string;
  readonly GroupARN?: string;
}

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

  get all(): readonly Group[] {
    const Default = {
      GroupName: 'Default',
      GroupARN: groupArn(this.#account, 'Default'),
      FilterExpression: null,
      InsightsConfiguration: NO_INSIGHTS,
      editedAt: 0,
    };
    return [Default, ...this.#saved.value];
  }

  /** Throws InvalidRequestException. */
  find({ GroupName, GroupARN }: GroupRef): Group {
    if ((GroupName === undefined) === (GroupARN === undefined)) throw invalid('Provide either GroupName or GroupARN');
    const group = this.all.find((each) => (GroupName === undefined ? each.GroupARN === GroupARN : each.GroupName === GroupName));
    if (group === undefined) throw invalid('Group not found');
    return group;
  }

  /** The filter of a request that may name a group: none for Default. Throws InvalidRequestException. */
  filterOf(ref: GroupRef): { filter: Expression | undefined; editedAt: number } {
    const name = ref.GroupName === '' ? undefined : ref.GroupName;
    if (name === undefined && ref.GroupARN === undefined) return { filter: undefined, editedAt: 0 };
    const group = this.all.find((each) => (name === undefined ? each.GroupARN === ref.GroupARN : each.GroupName === name));
    if (group === undefined) throw invalid('Group not found.');
    return { filter: group.FilterExpression === null ? undefined : this.parse(group.FilterExpression), editedAt: group.editedAt };
  }

  /** The expression of a query string, where there may be none. Throws InvalidRequestException. */
  parseIfGiven(text: string | undefined): Expression | undefined {
    return text === undefined || text === '' ? undefined : this.parse(text);
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

  operations(): Operation[] {
    const ref = { GroupName: groupName, GroupARN: arnSchema };
    return [
      { name: 'GetGroups', schema: request({ NextToken: shortToken }), handle: async (body) => this.#list(body) },
      { name: 'GetGroup', schema: request(ref), handle: async (body) => ({ Group: shown(this.find(body)) }) },
      {
        name: 'CreateGroup',
        schema: request(
          { GroupName: groupName, FilterExpression: { type: 'string' }, InsightsConfiguration: insightsConfiguration, Tags: tags },
          'GroupName',
        ),
        change: (body) => this.#create(body as unknown as CreateGroup),
      },
      {
        name: 'UpdateGroup',
        schema: request({ ...ref, FilterExpression: { type: 'string' }, InsightsConfiguration: insightsConfiguration }),
        change: (body) => this.#update(body),
      },
      { name: 'DeleteGroup', schema: request(ref), change: (body) => this.#delete(body) },
    ];
  }

  #list({ NextToken }: { NextToken?: string }): object {
    if (NextToken !== undefined) throw invalid('Next Token not supported');
    return { Groups: this.all.map(shown), NextToken: null };
  }

  #create({ GroupName, FilterExpression, InsightsConfiguration, Tags: given }: CreateGroup): Answer {
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

  #update({ FilterExpression, InsightsConfiguration, ...ref }: UpdateGroup): Answer {
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

interface CreateGroup {
  readonly GroupName: string;
  readonly FilterExpression?: string;
  readonly InsightsConfiguration?: Partial<Group['InsightsConfiguration']>;
  readonly Tags?: readonly { Key: string; Value: string }[];
}

interface UpdateGroup extends GroupRef {
  readonly FilterExpression?: string;
  readonly InsightsConfiguration?: Partial<Group['InsightsConfiguration']>;
}

/** Source: X-Ray's model for the rule; its words are ours. */
function withInsights(before: Group['InsightsConfiguration'], asked: Partial<Group['InsightsConfiguration']> = {}): Group['InsightsConfiguration'] {
  const InsightsEnabled = asked.InsightsEnabled ?? before.InsightsEnabled;
  if (asked.NotificationsEnabled === true && !InsightsEnabled) throw invalid('Notifications can only be enabled on a group with insights enabled');
  return { InsightsEnabled, NotificationsEnabled: InsightsEnabled && (asked.NotificationsEnabled ?? before.NotificationsEnabled) };
}

function isBlank(text: string | undefined): text is '' | undefined {
  return text === undefined || text.trim() === '';
}

function shown({ GroupName, GroupARN, FilterExpression, InsightsConfiguration }: Group): object {
  return { GroupName, GroupARN, FilterExpression, InsightsConfiguration };
}
