import type { Command } from '../config/commands.ts';
import type { CommandEntry } from './command.ts';

/** Every command, once: `xrayd help` and docs/configuration.md come from this table. run-command.ts loads its code. */
export const COMMANDS: { readonly [C in Command]: CommandEntry } = {
  daemon: {
    help: 'receive segments and send them to AWS X-Ray',
    examples: ['xrayd --region eu-west-1', 'xrayd -c /etc/amazon/xray/cfg.yaml'],
    exits: {
      0: 'a signal stopped it',
      1: 'the start failed: a value, the file, the region, a port, the disk',
      3: 'segments were lost at shutdown, with --exit-on-loss',
    },
    isService: true,
  },
  local: {
    help: 'run a complete local X-Ray: receive traces, query them through the X-Ray API or the web page',
    examples: ['xrayd local', 'xrayd local --data traces.db', 'xrayd local --tee --region eu-west-1'],
    exits: {
      0: 'a signal stopped it',
      1: 'the start failed: a value, the file, the region, a port, the disk',
      3: 'segments were lost at shutdown, with --exit-on-loss',
    },
    isService: true,
  },
  run: {
    help: 'run a program with a local X-Ray, and print a summary of its traces',
    examples: ['xrayd run -- npm test', 'xrayd run --fail-on fault --save traces.json -- npm test'],
    exits: {
      N: "the program's own exit code, or 128 plus the number of the signal that ended it",
      1: '--fail-on found a match and the program exited with 0, or the local X-Ray or the file of --save failed',
      126: 'the program cannot be executed',
      127: 'there is no such program',
    },
  },
  export: {
    help: 'print traces of a local X-Ray as JSON, in the format of BatchGetTraces',
    examples: ['xrayd export', "xrayd export --since 5 --filter 'fault' --save traces.json"],
    exits: {
      0: 'all traces that were asked for are in the output',
      1: 'no local X-Ray answered, the filter is wrong, or a trace is missing',
    },
  },
  import: {
    help: 'store traces (of xrayd export or the AWS CLI) or access logs in a local X-Ray',
    examples: [
      'xrayd import traces.json',
      'aws xray batch-get-traces --trace-ids … | xrayd import',
      'xrayd import --alb-log *.log.gz',
    ],
    exits: {
      0: 'everything is stored',
      1: 'a file could not be read, or a document or a line was refused',
    },
  },
  pull: {
    help: 'copy traces from AWS into a local X-Ray',
    examples: ["xrayd pull --since 30 --filter 'fault'", 'xrayd pull --profile production --region eu-west-1'],
    exits: {
      0: 'everything is stored',
      1: 'AWS or the local X-Ray could not be read or written, or a trace is missing',
    },
  },
  send: {
    help: 'send one sample trace, of X-Ray segments or of OpenTelemetry spans, and print its ID',
    examples: [
      'xrayd send',
      'xrayd send --to 10.0.0.5:2000 --confirm 10.0.0.5:2001',
      'xrayd send --otlp http://127.0.0.1:4318',
    ],
    exits: {
      0: 'sent, and with --confirm counted by the daemon',
      1: 'not sent, not accepted or not counted',
    },
  },
  healthcheck: {
    help: 'exit with 0 if a running daemon is ready and with 1 if not, for images without a shell',
    examples: ['xrayd healthcheck', 'xrayd healthcheck --http-address 127.0.0.1:2101'],
    exits: {
      0: 'ready',
      1: 'not ready, not reachable, or not xrayd',
    },
  },
  validate: {
    help: 'check flags, variables and cfg.yaml without starting: print the values, or every problem',
    examples: ['xrayd validate', 'xrayd validate -c cfg.yaml --region eu-west-1', 'xrayd validate local --tee'],
    exits: {
      0: 'the command would start with these values; warnings are on standard error',
      1: 'a value, or the file, cannot be used',
    },
  },
  doctor: {
    help: 'find out why traces do not arrive: settings, ports, credentials, network, permission, a running daemon',
    examples: ['xrayd doctor', 'xrayd doctor --region eu-west-1 --json', 'xrayd doctor local'],
    exits: { 0: 'nothing keeps segments from arriving; there may be warnings', 1: 'a check failed' },
  },
  top: {
    help: 'show what a running daemon receives, sends, retries and loses per second, live',
    examples: ['xrayd top', 'xrayd top --interval 10 --count 6', 'xrayd top --http-address 127.0.0.1:2101'],
    exits: { 0: 'ended by q, Ctrl-C or --count', 1: 'no xrayd answered' },
  },
  completion: {
    help: 'print the completion script of a shell',
    examples: ['xrayd completion bash', 'xrayd completion zsh', 'xrayd completion fish'],
    exits: { 0: 'printed' },
  },
  help: {
    help: 'explain xrayd, or one command: its flags, operands, examples and exit codes',
    examples: ['xrayd help', 'xrayd help export'],
    exits: { 0: 'printed' },
  },
  version: {
    help: 'print the version',
    examples: ['xrayd version'],
    exits: { 0: 'printed' },
  },
};
