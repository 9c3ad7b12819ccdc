import { expect, test } from 'vitest';
import { causeMembers } from '../../../src/xray/query/summary.ts';
import type { CauseKind } from '../../../src/xray/query/root-causes.ts';
import type { TraceView } from '../../../src/xray/query/trace-view.ts';
import { call, plain, segmentJson, sub, viewOf } from '../../fakes/traces.ts';

const causes = (view: TraceView, kind: CauseKind): unknown[] => plain(view.causes(kind).map((cause) => causeMembers(kind, cause))) as unknown[];
const boom = { exceptions: [{ id: 'eeeeeeeeeeeeeeee', type: 'ProbeError', message: 'boom' }] };
const service = (Name: string, Type: string | null, Inferred: boolean, EntityPath: unknown[]): object => ({
  Name,
  Names: [Name],
  Type,
  AccountId: null,
  Inferred,
  EntityPath,
});

test('response time: the child that takes more than half, and the inferred service behind it', () => {
  const view = viewOf(segmentJson('web', { to: 4, subsegments: [call('api.example.com', { to: 3 })] }));
  expect(causes(view, 'responsetime')).toEqual([
    {
      ClientImpacting: true,
      Services: [
        service('web', '', false, [
          { Name: 'web', Coverage: 1, Remote: false },
          { Name: 'api.example.com', Coverage: 0.75, Remote: true },
        ]),
        service('api.example.com', 'remote', true, [{ Name: 'api.example.com', Coverage: 0.75, Remote: false }]),
      ],
    },
  ]);
});

test.each([0.25, 0.5])('response time: a child with %d of it explains nothing', (share) => {
  expect(causes(viewOf(segmentJson('web', { subsegments: [call('db', { to: share })] })), 'responsetime')).toEqual([]);
});

test('response time: goes on in a callee, also in one that its caller’s segment names as parent, as Lambda’s does', () => {
  const lambda = segmentJson('fn', { to: 10, origin: 'AWS::Lambda' });
  const init = sub('Initialization', { to: 8 });
  const fn = segmentJson('fn', { to: 8.5, origin: 'AWS::Lambda::Function', parent_id: lambda.id, subsegments: [init] });
  expect(causes(viewOf(lambda, fn), 'responsetime')).toMatchObject([
    {
      Services: [
        { Type: 'AWS::Lambda', EntityPath: [{ Name: 'fn', Coverage: 1 }] },
        { Type: 'AWS::Lambda::Function', EntityPath: [{ Coverage: 0.85 }, { Name: 'Initialization', Coverage: 0.8 }] },
      ],
    },
  ]);
});

test('fault: the root’s own exception', () => {
  expect(causes(viewOf(segmentJson('web', { fault: true, cause: boom })), 'fault')).toEqual([
    {
      ClientImpacting: true,
      Services: [service('web', '', false, [{ Name: 'web', Exceptions: [{ Name: 'ProbeError', Message: 'boom' }], Remote: false }])],
    },
  ]);
});

test('fault: down to the deepest with an exception; a remote one has its inferred service behind it', () => {
  const view = viewOf(segmentJson('web', { fault: true, subsegments: [call('api.example.com', { fault: true, cause: boom })] }));
  expect(causes(view, 'fault')).toEqual([
    {
      ClientImpacting: true,
      Services: [
        service('web', '', false, [
          { Name: 'web', Exceptions: [], Remote: false },
          { Name: 'api.example.com', Exceptions: [{ Name: 'ProbeError', Message: 'boom' }], Remote: true },
        ]),
        service('api.example.com', 'remote', true, [{ Name: 'api.example.com', Exceptions: [], Remote: false }]),
      ],
    },
  ]);
});

test('fault: a flag without an exception and without a failing callee has no cause', () => {
  expect(causes(viewOf(segmentJson('web', { fault: true })), 'fault')).toEqual([]);
});

test('fault: one cause for each branch, and equal ones once', () => {
  const branch = (name: string): ReturnType<typeof sub> => sub(name, { fault: true, cause: boom });
  expect(causes(viewOf(segmentJson('web', { fault: true, subsegments: [branch('a'), branch('b')] })), 'fault')).toHaveLength(2);
  expect(causes(viewOf(segmentJson('web', { fault: true, subsegments: [branch('a'), branch('a')] })), 'fault')).toHaveLength(1);
});

test('fault: a service that failed below a root that coped begins its own cause, without impact on the client', () => {
  const back = call('back');
  const view = viewOf(segmentJson('web', { subsegments: [back] }), segmentJson('back', { parent_id: back.id, fault: true, cause: boom }));
  expect(causes(view, 'fault')).toMatchObject([{ ClientImpacting: false, Services: [{ Name: 'back' }] }]);
});

test('error: a throttled database that does not report', () => {
  const table = sub('DynamoDB', { namespace: 'aws', throttle: true, error: true, aws: { operation: 'PutItem', table_name: 'orders' } });
  expect(causes(viewOf(segmentJson('web', { subsegments: [table] })), 'error')).toMatchObject([
    { ClientImpacting: false, Services: [{ Name: 'orders', Type: 'AWS::DynamoDB::Table', Inferred: true }] },
  ]);
});
