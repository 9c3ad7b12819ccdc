import { invalid } from './api-error.ts';
import type { Groups } from './groups.ts';
import type { Operation } from './operation.ts';
import { groupArn, groupName, insightId, integer, list, oneOf, request, timestamp, token } from './schemas.ts';

/** Insights, all well-formed and empty: AWS does not publish how it finds them. */
export function insightOperations(groups: Groups): Operation[] {
  const ref = { InsightId: insightId };
  const unknown = async (): Promise<never> => {
    throw invalid('Insight not found');
  };
  return [
    {
      path: '/InsightSummaries',
      schema: request(
        {
          States: list(oneOf('ACTIVE', 'CLOSED'), 0, 1),
          GroupARN: groupArn,
          GroupName: groupName,
          StartTime: timestamp,
          EndTime: timestamp,
          MaxResults: integer(1, 100),
          NextToken: token,
        },
        'StartTime',
        'EndTime',
      ),
      handle: async (body) => {
        groups.filterOf(body);
        return { InsightSummaries: [], NextToken: null };
      },
    },
    { path: '/Insight', schema: request(ref, 'InsightId'), handle: unknown },
    { path: '/InsightEvents', schema: request({ ...ref, MaxResults: integer(1, 50), NextToken: token }, 'InsightId'), handle: unknown },
    {
      path: '/InsightImpactGraph',
      schema: request({ ...ref, StartTime: timestamp, EndTime: timestamp, NextToken: token }, 'InsightId', 'StartTime', 'EndTime'),
      handle: unknown,
    },
  ];
}
