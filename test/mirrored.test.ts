import { existsSync, globSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Row {
  /** Below src/, without `.ts`; `*` at the end for the rest of a name or folder. */
  readonly files: string;
  /** What tests them. Below test/, without `.test.ts`; a name that ends with `/` is a folder. */
  readonly tests: readonly string[];
  readonly because: string;
}

/** Source files that have no test of their own name, and what tests them. */
const ELSEWHERE: readonly Row[] = [
  {
    files:
      'main compose/daemon compose/meters compose/pipeline compose/receivers compose/xray-connection compose/late-server compose/span-receivers compose/segment-encoding compose/conversion-choice',
    tests: ['e2e/daemon', 'e2e/command-line', 'e2e/otlp-indexing'],
    because: 'composition shows in the running program',
  },
  {
    files: 'compose/local compose/sample-trace compose/sample-spans compose/sample-facts',
    tests: ['e2e/local', 'e2e/send', 'compose/library'],
    because: 'composition shows in the running program',
  },
  { files: 'trace/balancer', tests: ['formats/access-log'], because: 'the reader of access logs makes these views' },
  { files: 'cli/end-with', tests: ['image/packages'], because: 'a constant of the single executable' },
  { files: 'compose/tee', tests: ['e2e/local-commands'], because: 'composition shows in the running program' },
  { files: 'compose/reload', tests: ['e2e/signals'], because: 'a signal needs a process' },
  {
    files: 'compose/memory-limit',
    tests: ['compose/memory-budget', 'faults/local-memory'],
    because: 'reads the cgroup of the process',
  },
  {
    files: 'compose/version compose/library-types',
    tests: ['e2e/command-line', 'compose/library'],
    because: 'a constant; types',
  },
  {
    files: 'cli/command cli/help cli/version cli/errors-doc cli/markdown-table',
    tests: ['cli/commands', 'pipeline/errors'],
    because: 'help and documents are tested as texts',
  },
  {
    files: 'cli/daemon cli/local cli/serve cli/send cli/export cli/import',
    tests: ['e2e/daemon', 'e2e/local', 'e2e/send', 'e2e/local-commands', 'e2e/export-words'],
    because: 'commands are tested as processes',
  },
  {
    files: 'cli/run cli/run-command cli/transfer cli/signals',
    tests: ['e2e/local-commands', 'e2e/signals'],
    because: 'commands are tested as processes',
  },
  { files: 'cli/doctor/* cli/daemon-metrics', tests: ['cli/doctor'], because: 'its report has what each check found' },
  { files: 'cli/ready-probe', tests: ['cli/healthcheck'], because: 'it is what the command does' },
  { files: 'cli/man-page', tests: ['cli/completion'], because: 'both are generated from the tables' },
  { files: 'config/examine', tests: ['cli/validate'], because: 'it is what validate prints' },
  { files: 'cli/pull', tests: ['e2e/pull'], because: 'commands are tested as processes' },
  {
    files: 'cli/send-and-confirm cli/send-documents cli/send-spans',
    tests: ['e2e/send'],
    because: 'commands are tested as processes',
  },
  {
    files:
      'config/*-options config/option config/schema config/value config/text-form config/http-address config/commands config/suggestion config/units',
    tests: ['config/load', 'config/flags', 'config/odd-values', 'config/command-lines'],
    because: 'a table; its readers are tested with it',
  },
  {
    files: 'config/config-file config/parse-file config/go-number',
    tests: ['config/file', 'config/yaml'],
    because: 'parts of reading cfg.yaml',
  },
  {
    files: 'pipeline/segment pipeline/exporter pipeline/component pipeline/logger pipeline/environment',
    tests: ['batcher/batcher'],
    because: 'contracts: types',
  },
  { files: 'pipeline/accounting', tests: ['batcher/accounting', 'pipeline/errors'], because: 'counters' },
  {
    files: 'pipeline/deadline',
    tests: ['pipeline/parts', 'e2e/hangs'],
    because: 'what it is for is tested: things that hang',
  },
  { files: 'pipeline/address', tests: ['config/address'], because: 'addresses are tested as options' },
  {
    files: 'pipeline/one-line',
    tests: ['telemetry/logger', 'aws/exporter'],
    because: 'tested where text from outside is logged',
  },
  {
    files: 'pipeline/collector',
    tests: ['query/read-budget', 'faults/local-memory'],
    because: 'garbage collection; its effect is memory',
  },
  {
    files: 'pipeline/file-stats pipeline/folders pipeline/units pipeline/list',
    tests: ['telemetry/log-file', 'batcher/spool/ownership', 'config/odd-values', 'proxy/routes'],
    because: 'small helpers of files that are tested',
  },
  {
    files: 'udp/receive-worker udp/datagram-intake udp/worker-messages udp/native-loop udp/native-socket',
    tests: ['udp/receiver'],
    because: 'a thread, tested through its receiver',
  },
  {
    files: 'udp/datagram',
    tests: ['udp/header', 'fuzz/'],
    because: 'the fast path of header.ts, tested with the same cases',
  },
  { files: 'udp/warm-up', tests: ['udp/receiver'], because: 'must leave no trace, which is tested' },
  { files: 'udp/proc', tests: ['udp/kernel-drops'], because: 'reads /proc for kernel-drops.ts' },
  {
    files:
      'batcher/segment-buffer batcher/returned-batches batcher/sender batcher/outcome batcher/memory-watch batcher/due-timer batcher/tickets',
    tests: ['batcher/batcher', 'batcher/gateway', 'batcher/wire-bytes'],
    because: 'parts of the batcher, tested through it with an exporter in the hands of the test',
  },
  { files: 'batcher/replay', tests: ['batcher/batcher-spool'], because: 'a part of the batcher with a spool' },
  {
    files: 'batcher/spool/*',
    tests: ['batcher/spool/spool', 'batcher/spool/ownership', 'batcher/spool/moved-folder'],
    because: 'parts of the spool, tested with real processes and disks',
  },
  {
    files:
      'aws/providers aws/switch aws/shared-files aws/client-config aws/caller-identity aws/caller-refusals aws/imds',
    tests: ['aws/credentials', 'e2e/credentials', 'e2e/credential-order', 'e2e/credential-hangs'],
    because: 'the credential chain is tested against fakes of its services',
  },
  { files: 'aws/credential-process', tests: ['aws/credentials', 'e2e/credential-hangs'], because: 'needs processes' },
  { files: 'aws/http-socket', tests: ['aws/http-connections'], because: 'opens its sockets' },
  { files: 'aws/region', tests: ['e2e/region'], because: 'tested against fakes of its sources' },
  {
    files: 'aws/trust aws/opened-sockets',
    tests: ['e2e/trust', 'e2e/outbound'],
    because: 'certificates and proxies need connections',
  },
  {
    files: 'aws/encode aws/user-agent aws/output-shape aws/foreign-answer',
    tests: ['aws/exporter', 'aws/classify', 'e2e/daemon'],
    because: 'requests are compared with recorded ones; answers are tested where they are judged',
  },
  {
    files: 'aws/direct-call aws/response-budget aws/answer-bounds aws/answer-json aws/answer-bytes',
    tests: ['e2e/hangs', 'e2e/large-identity-answers', 'cli/local-client', 'aws/http-call'],
    because: 'hostile answers are sent by real servers',
  },
  { files: 'aws/telemetry-reporter', tests: ['e2e/daemon'], because: 'records are flushed by a process that stops' },
  {
    files: 'proxy/sampling-proxy proxy/segment-intake',
    tests: ['e2e/proxy', 'proxy/shared-rules', 'formats/xray/put-body'],
    because: 'a server, tested over HTTP',
  },
  {
    files: 'http/server http/client-error http/host',
    tests: ['http/health', 'http/request-guard', 'e2e/threats'],
    because: 'servers, tested over HTTP',
  },
  {
    files: 'telemetry/process-metrics telemetry/bounded-fields telemetry/line-logger',
    tests: ['telemetry/metrics', 'telemetry/logger', 'compose/library'],
    because: 'parts of the log and the metrics',
  },
  {
    files: 'json/json json/json-shape json/aws-json',
    tests: ['json/exact-number', 'formats/xray/put-body', 'e2e/local-api/shapes'],
    because: 'tested on the documents and answers that go through them',
  },
  {
    files: 'trace/*',
    tests: ['trace/assemble', 'formats/xray/span', 'query/summary', 'query/graph'],
    because: 'what a trace means is tested on whole traces',
  },
  {
    files:
      'formats/formats formats/read formats/document-facts formats/xray/segment formats/xray/segment-document formats/xray/embedded formats/xray/links formats/xray/exceptions',
    tests: ['formats/xray/span', 'formats/xray/findings', 'query/documents', 'query/graph'],
    because: 'parts of reading a document, tested on documents',
  },
  { files: 'formats/xray/limits', tests: ['formats/xray/put-body'], because: 'a constant' },
  {
    files: 'filter/*',
    tests: ['filter/parse', 'filter/predicate', 'filter/agreement'],
    because: 'parts of the language, tested on expressions',
  },
  {
    files: 'sampling/*',
    tests: ['sampling/targets', 'e2e/sampling-clients'],
    because: 'tested by what clients are answered',
  },
  {
    files: 'query/graphs query/time-series query/statistics',
    tests: ['query/graph', 'e2e/local-api/traces'],
    because: 'answers are tested on whole traces',
  },
  {
    files:
      'query/trace-summaries query/row query/overview query/name-in-order query/slices query/answers query/source query/list-text',
    tests: ['query/summary', 'query/ranking', 'query/read-budget', 'e2e/local-api/orders'],
    because: 'answers are tested on whole stores',
  },
  {
    files: 'query/findings',
    tests: ['formats/xray/findings', 'e2e/local-api/own'],
    because: 'findings are tested by document and over HTTP',
  },
  {
    files: 'store/*',
    tests: [
      'threads/store',
      'store/generations',
      'store/large-traces',
      'store/text-index',
      'store/place',
      'e2e/local-data',
    ],
    because: 'the parts of one file, tested as a store',
  },
  {
    files: 'threads/*',
    tests: ['threads/store', 'threads/store-thread'],
    because: 'a thread, tested from its main thread',
  },
  {
    files:
      'receivers/body receivers/cors receivers/http-receiver receivers/spans-handler receivers/spans-intake receivers/otlp/grpc-message',
    tests: ['receivers/otlp/http-protocol', 'receivers/otlp/grpc-receiver', 'receivers/zipkin/http-protocol'],
    because: 'parts of the receivers, tested over their protocols',
  },
  {
    files: 'http/listening',
    tests: ['receivers/otlp/http-protocol', 'receivers/otlp/grpc-receiver', 'proxy/shared-rules'],
    because: 'starts and stops their servers',
  },
  {
    files: 'exporters/store/*',
    tests: ['exporters/store/local-exporter', 'e2e/local'],
    because: 'console lines are tested in the running program',
  },
  {
    files:
      'formats/otlp/decoding formats/otlp/encode formats/otlp/messages formats/otlp/non-finite formats/otlp/tags formats/otlp/value-decoder formats/otlp/json-values formats/otlp/wire formats/otlp/wire-writer formats/otlp/write-json',
    tests: ['formats/otlp/codec', 'formats/otlp/decode', 'formats/otlp/read-json', 'formats/otlp/documents'],
    because: 'parts of the codec, tested by what it decodes and encodes',
  },
  {
    files: 'formats/otlp/segment/* formats/otlp/json-value',
    tests: [
      'formats/otlp/segment/blocks',
      'formats/otlp/segment/stored',
      'formats/otlp/segment/local-root',
      'formats/otlp/segment/improvements',
      'formats/otlp/segment/traps',
    ],
    because: 'parts of the conversion, tested by the documents that it makes',
  },
  {
    files: 'formats/otlp/document',
    tests: ['formats/otlp/span'],
    because: 'a document is tested by its spans',
  },
  {
    files:
      'formats/zipkin/endpoints formats/zipkin/events formats/zipkin/groups formats/zipkin/nanos formats/zipkin/tags formats/zipkin/value',
    tests: ['formats/zipkin/read-json'],
    because: 'parts of a span, tested by spans',
  },
  { files: 'api/*', tests: ['e2e/local-api/'], because: 'handlers are tested over HTTP, as clients call them' },
];

const FILES = globSync('src/**/*.ts').map((file) => file.slice('src/'.length, -'.ts'.length));
const UNMIRRORED = FILES.filter((file) => !existsSync(`test/${file}.test.ts`) && !file.startsWith('filter/parser'));

function isNamedIn(file: string, { files }: Row): boolean {
  return files.split(' ').some((pattern) => {
    const [before, after] = pattern.split('*');
    return after === undefined ? file === pattern : file.startsWith(before!) && file.endsWith(after);
  });
}

test('every source file has a test with its name, or a row that says what tests it', () => {
  expect(UNMIRRORED.filter((file) => !ELSEWHERE.some((row) => isNamedIn(file, row)))).toEqual([]);
});

test('every row names a source file without a test of its own, and tests that exist', () => {
  for (const row of ELSEWHERE) {
    for (const pattern of row.files.split(' '))
      expect(
        UNMIRRORED.filter((file) => isNamedIn(file, { ...row, files: pattern })),
        pattern,
      ).not.toEqual([]);
    for (const name of row.tests)
      expect(existsSync(name.endsWith('/') ? `test/${name}` : `test/${name}.test.ts`), name).toBe(true);
    expect(row.because).not.toBe('');
  }
});
