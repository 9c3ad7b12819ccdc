/**
 * Every option, once: this table gives the types, the checks, the defaults, `--help` and docs/configuration.md.
 * Options with a `fileKey` or a one-letter flag are the reference daemon's; names, defaults and limits are its own.
 */
export type OptionGroup = 'Daemon' | 'X-Ray' | 'Receiving' | 'Sending' | 'Operating' | 'Local X-Ray' | 'Other';

interface OptionBase {
  readonly group: OptionGroup;
  /** Long flag, without dashes. */
  readonly flag: string;
  readonly short?: string;
  /** Path in cfg.yaml. */
  readonly fileKey?: string;
  /** AWS's or the system's own variables, first set one wins; they rank below cfg.yaml. */
  readonly sharedEnv?: readonly string[];
  readonly help: string;
  /** What the docs say where the default depends on the machine. */
  readonly defaultText?: string;
  /** `cli`: exists on the command line only, not as XRAYD_*. */
  readonly only?: 'cli';
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default: string;
  readonly choices?: readonly string[];
  /** `address` is host:port; `url` may be given without a scheme. */
  readonly form?: 'address' | 'url' | 'list';
  readonly placeholder?: string;
}
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}
export interface SwitchOption extends OptionBase {
  readonly kind: 'switch';
  readonly default: boolean;
}
export type OptionSpec = TextOption | NumberOption | SwitchOption;

export const LOG_LEVELS = ['dev', 'debug', 'info', 'warn', 'error', 'prod'] as const;

export const OPTIONS = {
  bind: {
    group: 'Receiving',
    kind: 'text',
    form: 'address',
    flag: 'bind',
    short: 'b',
    fileKey: 'Socket.UDPAddress',
    default: '127.0.0.1:2000',
    help: 'UDP address to receive segments on. [::]:2000 takes IPv4 and IPv6.',
  },
  bindTcp: {
    group: 'Receiving',
    kind: 'text',
    form: 'address',
    flag: 'bind-tcp',
    short: 't',
    fileKey: 'Socket.TCPAddress',
    default: '127.0.0.1:2000',
    help: 'TCP address that answers the sampling calls and takes POST /TraceSegments.',
  },
  proxyAllow: {
    group: 'Receiving',
    kind: 'text',
    form: 'list',
    flag: 'proxy-allow',
    default: '',
    placeholder: 'PATHS',
    help: "Further X-Ray paths that clients on TCP may call with this daemon's credentials, separated by commas; all lets any request through, as the reference daemon does.",
  },
  region: {
    group: 'X-Ray',
    kind: 'text',
    flag: 'region',
    short: 'n',
    fileKey: 'Region',
    sharedEnv: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    default: '',
    defaultText: 'from the profile, ECS metadata or instance metadata',
    help: 'AWS region to send segments to.',
  },
  roleArn: {
    group: 'X-Ray',
    kind: 'text',
    flag: 'role-arn',
    short: 'r',
    fileKey: 'RoleARN',
    default: '',
    help: 'IAM role to assume for the upload, for example one in another account.',
  },
  roleExternalId: {
    group: 'X-Ray',
    kind: 'text',
    flag: 'role-external-id',
    default: '',
    help: 'External id to give when assuming the role of --role-arn.',
  },
  roleSessionName: {
    group: 'X-Ray',
    kind: 'text',
    flag: 'role-session-name',
    default: 'xray-daemon',
    help: 'Session name to give when assuming the role of --role-arn.',
  },
  resourceArn: {
    group: 'X-Ray',
    kind: 'text',
    flag: 'resource-arn',
    short: 'a',
    fileKey: 'ResourceARN',
    default: '',
    help: 'ARN of the AWS resource that runs the daemon; sent with the telemetry records.',
  },
  endpoint: {
    group: 'X-Ray',
    kind: 'text',
    form: 'url',
    flag: 'endpoint',
    fileKey: 'Endpoint',
    sharedEnv: ['AWS_ENDPOINT_URL_XRAY', 'AWS_ENDPOINT_URL'],
    default: '',
    defaultText: "X-Ray's endpoint in the region",
    help: 'URL of the X-Ray service, for example a VPC endpoint or an emulator.',
  },
  proxyAddress: {
    group: 'X-Ray',
    kind: 'text',
    form: 'url',
    flag: 'proxy-address',
    short: 'p',
    fileKey: 'ProxyAddress',
    sharedEnv: ['HTTPS_PROXY', 'https_proxy'],
    default: '',
    help: 'HTTP proxy to reach AWS through. Hosts in NO_PROXY, instance metadata and loopback are reached directly.',
  },
  noVerifySsl: {
    group: 'X-Ray',
    kind: 'switch',
    flag: 'no-verify-ssl',
    fileKey: 'NoVerifySSL',
    default: false,
    help: "Do not check the endpoint's TLS certificate. For tests only.",
  },
  localMode: {
    group: 'X-Ray',
    kind: 'switch',
    flag: 'local-mode',
    short: 'o',
    fileKey: 'LocalMode',
    default: false,
    help: 'Do not ask for EC2 instance metadata (region, instance id). Not the local X-Ray: that is the command `xrayd local`.',
  },
  telemetryRecords: {
    group: 'X-Ray',
    kind: 'switch',
    flag: 'telemetry-records',
    default: true,
    help: 'Tell X-Ray once a minute how many segments were received, sent and lost (PutTelemetryRecords), as the reference daemon does.',
  },
  bufferMemory: {
    group: 'Sending',
    kind: 'number',
    flag: 'buffer-memory',
    short: 'm',
    fileKey: 'TotalBufferSizeMB',
    default: 0,
    defaultText: "64, or a quarter of the cgroup's memory limit if that is less",
    min: 3,
    max: 65_536,
    unit: 'MB',
    help: 'Memory for segments that wait to be sent. When it is full the oldest are dropped, and counted.',
  },
  concurrency: {
    group: 'Sending',
    kind: 'number',
    flag: 'concurrency',
    fileKey: 'Concurrency',
    default: 16,
    min: 1,
    max: 256,
    unit: 'calls',
    help: 'Most PutTraceSegments calls at one time.',
  },
  requestTimeout: {
    group: 'Sending',
    kind: 'number',
    flag: 'request-timeout',
    default: 5,
    min: 1,
    max: 300,
    unit: 'seconds',
    help: 'Longest that one call to X-Ray may take.',
  },
  retryMaxAge: {
    group: 'Sending',
    kind: 'number',
    flag: 'retry-max-age',
    default: 3600,
    min: 1,
    max: 86_400,
    unit: 'seconds',
    help: 'Segments older than this are dropped when a call fails, instead of tried again.',
  },
  shutdownTimeout: {
    group: 'Operating',
    kind: 'number',
    flag: 'shutdown-timeout',
    default: 10,
    min: 1,
    max: 600,
    unit: 'seconds',
    help: 'Longest that SIGTERM or SIGINT waits for the buffer to be sent. Keep it below the grace period of Kubernetes or ECS.',
  },
  exitOnLoss: {
    group: 'Operating',
    kind: 'switch',
    flag: 'exit-on-loss',
    default: false,
    help: 'Exit with code 3 instead of 0 when segments were lost at shutdown.',
  },
  httpAddress: {
    group: 'Operating',
    kind: 'text',
    form: 'address',
    flag: 'http-address',
    default: '127.0.0.1:2001',
    help: 'Address of /livez, /readyz and /metrics; off for none.',
  },
  logLevel: {
    group: 'Operating',
    kind: 'text',
    flag: 'log-level',
    short: 'l',
    fileKey: 'Logging.LogLevel',
    choices: LOG_LEVELS,
    default: 'prod',
    help: 'How much to log, from most to least: dev, debug, info, warn, error. prod is info.',
  },
  logFile: {
    group: 'Operating',
    kind: 'text',
    flag: 'log-file',
    short: 'f',
    fileKey: 'Logging.LogPath',
    default: '',
    placeholder: 'PATH',
    help: 'File to write the log to, instead of standard output.',
  },
  logRotation: {
    group: 'Operating',
    kind: 'switch',
    flag: 'log-rotation',
    fileKey: 'Logging.LogRotation',
    default: true,
    help: 'Start a new log file at 50 MB and keep the last 5.',
  },
  logFormat: {
    group: 'Operating',
    kind: 'text',
    flag: 'log-format',
    choices: ['auto', 'json', 'pretty'],
    default: 'auto',
    help: 'json, or pretty for people; auto is pretty on a terminal.',
  },
  to: {
    group: 'Other',
    kind: 'text',
    form: 'address',
    flag: 'to',
    only: 'cli',
    sharedEnv: ['AWS_XRAY_DAEMON_ADDRESS'],
    default: '127.0.0.1:2000',
    help: 'For `xrayd send`: the UDP address to send to.',
  },
  config: {
    group: 'Other',
    kind: 'text',
    flag: 'config',
    short: 'c',
    default: '',
    defaultText: '/etc/amazon/xray/cfg.yaml, then ./cfg.yaml, where they exist',
    placeholder: 'PATH',
    help: 'Configuration file.',
  },
  printConfig: {
    group: 'Other',
    kind: 'switch',
    flag: 'print-config',
    only: 'cli',
    default: false,
    help: 'Print every value and where it came from, and exit.',
  },
  version: {
    group: 'Other',
    kind: 'switch',
    flag: 'version',
    short: 'v',
    only: 'cli',
    default: false,
    help: 'Print the version and exit.',
  },
  help: {
    group: 'Other',
    kind: 'switch',
    flag: 'help',
    short: 'h',
    only: 'cli',
    default: false,
    help: 'Print this help and exit.',
  },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof OPTIONS;
export type OptionValue = string | number | boolean;

type ValueOf<S extends OptionSpec> = S extends TextOption ? string : S extends NumberOption ? number : boolean;

/** What a user can set, all of it, with defaults filled in. 0 and "" stand for "not set". */
export type Config = { readonly [K in OptionName]: ValueOf<(typeof OPTIONS)[K]> };

/** The table with the optional members visible to the type checker. */
export const SPECS: Readonly<Record<OptionName, OptionSpec>> = OPTIONS;
export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[];

/** XRAYD_BUFFER_MEMORY for `buffer-memory`; undefined for what exists on the command line only. */
export function envNameOf(spec: OptionSpec): string | undefined {
  return spec.only === 'cli' ? undefined : `XRAYD_${spec.flag.toUpperCase().replaceAll('-', '_')}`;
}
