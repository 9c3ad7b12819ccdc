import { json } from '../fakes/server.ts';

/** What X-Ray says when it does not take a batch now. */
export const throttled = json({ Message: 'Rate exceeded' }, 429, { 'x-amzn-errortype': 'ThrottledException' });
export const expired = json({ Message: 'The security token included in the request is expired' }, 403, {
  'x-amzn-errortype': 'ExpiredTokenException',
});
export const denied = json({ Message: 'User is not authorized to perform: xray:PutTraceSegments' }, 403, {
  'x-amzn-errortype': 'AccessDeniedException',
});
