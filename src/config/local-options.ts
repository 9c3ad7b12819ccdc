import type { OptionSpec } from './option.ts';

/** Options of `xrayd local`. */
export const LOCAL_OPTIONS = {
  data: {
    group: 'Local X-Ray',
    kind: 'text',
    flag: 'data',
    default: '',
    placeholder: 'FILE',
    defaultText: 'a temporary file, deleted at the end',
    help: 'local: file to keep traces, groups and sampling rules in.',
  },
  dataSize: {
    group: 'Local X-Ray',
    kind: 'number',
    flag: 'data-size',
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: 'MB',
    help: 'local: size of the store; beyond it the oldest traces are removed, except pinned ones.',
  },
  accountId: {
    group: 'Local X-Ray',
    kind: 'text',
    flag: 'account-id',
    default: '000000000000',
    help: 'local: account id in ARNs. The region in them is that of --region, or us-east-1.',
  },
  defaultSampling: {
    group: 'Local X-Ray',
    kind: 'text',
    flag: 'default-sampling',
    choices: ['all', 'aws'],
    default: 'all',
    help: "local: the rule Default traces everything (all), or one request a second and 5 % of the others, as AWS's own does (aws).",
  },
  token: {
    group: 'Local X-Ray',
    kind: 'text',
    flag: 'token',
    default: '',
    defaultText: 'none on a loopback address, elsewhere a random one, printed at start',
    help: 'local: what readers of traces have to send, as the access key id of an AWS client, as a bearer token, or as ?token=.',
  },
  insecureBind: {
    group: 'Local X-Ray',
    kind: 'switch',
    flag: 'insecure-bind',
    default: false,
    help: 'local: let everybody who reaches the address read the traces, without a token.',
  },
} as const satisfies Record<string, OptionSpec>;
