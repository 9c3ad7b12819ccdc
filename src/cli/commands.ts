import type { Command } from '../config/commands.ts';
import type { CommandEntry } from './command.ts';

/** Every command, once: `--help`, docs/configuration.md and the dispatch in src/main.ts come from this table. */
export const COMMANDS: { readonly [C in Command]: CommandEntry<C> } = {
  daemon: {
    help: 'receive segments and send them to AWS X-Ray',
    examples: ['xrayd --region eu-west-1', 'xrayd -c /etc/amazon/xray/cfg.yaml'],
    isService: true,
    load: () => import('./daemon.ts'),
  },
  local: {
    help: 'run a complete local X-Ray: receive traces, query them through the X-Ray API or the web page',
    examples: ['xrayd local', 'xrayd local --data traces.db', 'xrayd local --tee --region eu-west-1'],
    isService: true,
    load: () => import('./local.ts'),
  },
  run: {
    help: 'run a program with a local X-Ray, and print a summary of its traces',
    examples: ['xrayd run -- npm test', 'xrayd run --fail-on fault --save traces.json -- npm test'],
    load: () => import('./run.ts'),
  },
  export: {
    help: 'print traces of a local X-Ray as JSON, in the format of BatchGetTraces',
    examples: ['xrayd export', "xrayd export --since 5 --filter 'fault'"],
    load: () => import('./export.ts'),
  },
  import: {
    help: 'store traces (of xrayd export or the AWS CLI) or access logs in a local X-Ray',
    examples: [
      'xrayd import traces.json',
      'aws xray batch-get-traces --trace-ids … | xrayd import',
      'xrayd import --alb-log *.log.gz',
    ],
    load: () => import('./import.ts'),
  },
  pull: {
    help: 'copy traces from AWS into a local X-Ray',
    examples: ["xrayd pull --since 30 --filter 'fault'", 'xrayd pull --profile production --region eu-west-1'],
    load: () => import('./pull.ts'),
  },
  send: {
    help: 'send one sample trace, of X-Ray segments or of OpenTelemetry spans, and print its ID',
    examples: [
      'xrayd send',
      'xrayd send --to 10.0.0.5:2000 --confirm 10.0.0.5:2001',
      'xrayd send --otlp http://127.0.0.1:4318',
    ],
    load: () => import('./send.ts'),
  },
  healthcheck: {
    help: 'exit with 0 if a running daemon is ready and with 1 if not, for images without a shell',
    examples: ['xrayd healthcheck', 'xrayd healthcheck --http-address 127.0.0.1:2101'],
    load: () => import('./healthcheck.ts'),
  },
};
