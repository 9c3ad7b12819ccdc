import { markdownTable } from '../src/cli/markdown-table.ts';
import { DROP_REASONS } from '../src/pipeline/accounting.ts';

/** A warning or an error of the log, for a person who has just read it. `…` stands for what varies. */
export interface LogMessage {
  readonly level: 'warn' | 'error';
  readonly message: string;
  readonly meaning: string;
  readonly remedy: string;
}

const REPORT = 'Report it, with the line and the version.';
const SPOOL_DISK = 'The member `remedy` says what to do: owner, mount or space of the folder.';

/**
 * Every warning and error, by what it is about. test/docs/log-messages.test.ts compares it with the calls in src, so a
 * new message needs a row.
 */
export const LOG_MESSAGES: Readonly<Record<string, readonly LogMessage[]>> = {
  'Sending to X-Ray': [
    {
      level: 'warn',
      message:
        'sending to … failed; the segments are kept and retried until --retry-max-age has passed or the buffer is full',
      meaning:
        'A call failed; `code` says how. Nothing is lost yet: the other members say how full the buffer is, and after how many seconds a segment is given up (with `--spool`, it goes there instead).',
      remedy: 'Nothing, if it passes. Otherwise by code: see the runbook XraydUploadFailing.',
    },
    {
      level: 'warn',
      message: 'PutTraceSegments got no HTTP response. …',
      meaning: 'The connection to X-Ray failed; the rest of the line says how.',
      remedy: 'Check DNS, routes, security groups, the VPC endpoint and the proxy.',
    },
    {
      level: 'warn',
      message: 'something other than X-Ray answered PutTraceSegments. …',
      meaning: 'A proxy, portal or gateway answered. The segments are kept.',
      remedy: 'Check `--endpoint`, `--proxy-address` and `NO_PROXY`; the line shows what answered.',
    },
    {
      level: 'error',
      message: 'xrayd sends to itself: its calls came back, and are refused. The segments are kept',
      meaning: '`--endpoint` or a proxy leads back to this daemon.',
      remedy: 'Correct the setting that `remedy` names.',
    },
    {
      level: 'error',
      message: 'X-Ray refuses …: allow the role this action…',
      meaning: 'The role lacks a permission.',
      remedy: 'Attach AWSXRayDaemonWriteAccess to the role that the line names.',
    },
    {
      level: 'error',
      message: 'X-Ray refuses …: the credentials or their signature are not accepted',
      meaning: 'The keys are wrong, of another partition, or deleted.',
      remedy: 'Renew them; xrayd looks for new ones by itself.',
    },
    {
      level: 'error',
      message: 'HTTP 403 for … that does not come from X-Ray: check for a proxy or gateway in front of the endpoint',
      meaning: "A 403 without X-Ray's error type.",
      remedy: 'Look for a proxy, a gateway or a VPC endpoint policy.',
    },
    {
      level: 'warn',
      message: "this machine's clock is wrong: requests are signed with X-Ray's time",
      meaning: 'The clock differs by `skewSeconds`. Requests are accepted all the same.',
      remedy: "Correct the clock: times of segments come from the applications' clocks.",
    },
    {
      level: 'error',
      message: '(a problem of TLS)',
      meaning: 'The certificate of the endpoint is not trusted, expired or for another name.',
      remedy:
        "Name the authority's certificate in `AWS_CA_BUNDLE`: see [a private certificate authority](../how-to/private-ca.md).",
    },
    {
      level: 'error',
      message: 'a segment was refused and will not be retried',
      meaning: 'X-Ray refuses the document itself; `code` says why.',
      remedy: 'Correct the application or its SDK: see the runbook XraydSegmentsRefused.',
    },
    {
      level: 'warn',
      message: 'a batch was refused; it is split to find the document at fault',
      meaning: 'X-Ray refuses a batch as a whole.',
      remedy: 'Nothing: only the document at fault is lost, and counted.',
    },
    {
      level: 'error',
      message: '(one of the reasons for a loss)',
      meaning: `Segments were dropped: ${Object.keys(DROP_REASONS).join(', ')}.`,
      remedy: 'See [drop reasons](../errors.md#drop-reasons).',
    },
    {
      level: 'error',
      message: 'the exporter failed; please report this',
      meaning: 'An error of xrayd. The segments are kept.',
      remedy: REPORT,
    },
  ],
  Credentials: [
    {
      level: 'error',
      message: 'no AWS credentials: segments are buffered while xrayd keeps looking',
      meaning: 'No provider has credentials; `tried` lists what each looked for.',
      remedy: 'Give the process a role: see [no credentials](no-traces.md#no-credentials).',
    },
    {
      level: 'warn',
      message: 'AWS credentials cannot be refreshed; the current ones are used until they expire',
      meaning: 'The provider that had credentials has none now; `tried` says why.',
      remedy: 'Repair the provider before `expires`.',
    },
    {
      level: 'warn',
      message: 'an AWS credentials provider does not answer; xrayd will retry',
      meaning: 'A provider hangs: instance metadata, an agent, a command or a disk.',
      remedy: 'Check the provider that the line names.',
    },
  ],
  Receiving: [
    {
      level: 'error',
      message: 'the kernel dropped datagrams before they could be read: the socket buffer was full',
      meaning: 'A burst, or the daemon got no CPU. These segments are lost.',
      remedy: 'Raise `net.core.rmem_max`: see the runbook XraydKernelDrops.',
    },
    {
      level: 'warn',
      message: 'the UDP receive buffer is small: bursts may be lost before they are read',
      meaning: 'The kernel limits the socket buffer.',
      remedy: 'Run the `sysctl` of the member `remedy`.',
    },
    {
      level: 'warn',
      message: 'rejected a datagram that is not a valid segment',
      meaning: 'Something else sends to the port: `from` and `reason` say who and what.',
      remedy: 'Stop the sender, or correct its address.',
    },
    {
      level: 'warn',
      message: 'error on the UDP socket',
      meaning: 'The kernel reported an error; receiving continues.',
      remedy: 'Nothing, unless it repeats.',
    },
    {
      level: 'error',
      message: 'the UDP receiver has failed: no segments can be received',
      meaning: 'The receive thread ended. `/livez` fails, so a supervisor restarts the process.',
      remedy: `Restart xrayd. ${REPORT}`,
    },
    {
      level: 'error',
      message: 'the receive thread did not stop in time',
      meaning: 'At shutdown, the machine was too busy.',
      remedy: 'Nothing; what was received is sent.',
    },
    {
      level: 'warn',
      message: 'refused a request to a host name that is not allowed: it may come from a foreign web page',
      meaning: 'The `Host` of an HTTP request is a public name.',
      remedy: 'Add the name to `--allowed-hosts` if it is yours.',
    },
    {
      level: 'warn',
      message: 'error on the port of …',
      meaning: 'A server socket had an error; it stays open.',
      remedy: 'Nothing, unless it repeats: then check the limit of open files.',
    },
    {
      level: 'error',
      message: '… xrayd runs without it.',
      meaning: 'Another program has a port of the local X-Ray that you did not choose.',
      remedy: 'Stop that program, or choose another port with the flag that the line names.',
    },
    {
      level: 'error',
      message:
        'health and metrics are unavailable, because --bind-tcp uses their default port. Choose another with --http-address',
      meaning: 'TCP 2001 is used for sampling calls.',
      remedy: 'Set `--http-address`.',
    },
    {
      level: 'error',
      message: 'health and metrics are unavailable: the HTTP port cannot be used. Choose another with --http-address',
      meaning: 'Another program has TCP 2001.',
      remedy: 'Set `--http-address`, or stop the other program.',
    },
  ],
  'Sampling calls': [
    {
      level: 'warn',
      message:
        'the sampling rules of X-Ray take no request: SDKs that follow them send nothing. Raise the reservoir or the rate of a rule',
      meaning: 'Every rule has a reservoir and a rate of 0.',
      remedy: '`aws xray get-sampling-rules` lists them, `aws xray update-sampling-rule` changes one.',
    },
    {
      level: 'warn',
      message: 'a sampling call to X-Ray failed: SDKs keep using the last rules, or fall back to their local ones',
      meaning: 'X-Ray did not answer a call for an SDK.',
      remedy: 'As for uploads: check the network and the permissions.',
    },
    {
      level: 'warn',
      message:
        'something other than X-Ray answered a sampling call: SDKs keep using the last rules, or fall back to their local ones. …',
      meaning: 'A proxy, portal or gateway answered.',
      remedy: 'Check `--endpoint`, `--proxy-address` and `NO_PROXY`.',
    },
  ],
  'OpenTelemetry and Zipkin': [
    {
      level: 'warn',
      message: 'rejected invalid Zipkin spans',
      meaning: 'Spans without a usable ID or start; the others are kept.',
      remedy: 'Correct the sender; `reason` says what is wrong.',
    },
    {
      level: 'warn',
      message: 'a client of … failed to use TLS',
      meaning: 'A client does not trust the certificate, or speaks plain HTTP.',
      remedy: "Give the client the authority's certificate and an `https://` endpoint.",
    },
    {
      level: 'warn',
      message: 'the renewed certificate of the OTLP receiver cannot be used: the current one stays in use',
      meaning: 'The new files do not fit together or cannot be read.',
      remedy: 'Correct the files of `--otlp-tls-cert` and `--otlp-tls-key`.',
    },
    {
      level: 'warn',
      message:
        'OTLP bodies were rejected: the local X-Ray keeps spans. Metrics, which AWS Distro for OpenTelemetry sends for Application Signals, are not kept',
      meaning: 'ADOT sends metrics beside spans.',
      remedy: 'Turn them off in the application (`OTEL_METRICS_EXPORTER=none`), or ignore the line.',
    },
    {
      level: 'error',
      message: 'OTLP logs could not be stored',
      meaning: 'The store failed; the sender keeps the logs.',
      remedy: 'See the messages of the store.',
    },
  ],
  'The spool': [
    {
      level: 'error',
      message: '(a problem of the disk of the spool)',
      meaning: 'A file of the spool cannot be written, read or listed. Segments stay in memory meanwhile.',
      remedy: SPOOL_DISK,
    },
    {
      level: 'error',
      message: 'the spool is full: requests are refused, and their senders keep what is in them. …',
      meaning: 'Spans and documents over TCP are refused, so nothing of them is lost.',
      remedy: 'Raise `--spool-size`, or find out why uploads are slower than arrivals.',
    },
    {
      level: 'error',
      message: 'a spool file …. …',
      meaning: 'A file is missing, damaged or in an unknown format; its segments are lost and counted.',
      remedy: 'Check the disk. The file is kept with the suffix `.unreadable`.',
    },
    {
      level: 'warn',
      message:
        'the spool is in memory (tmpfs), which the memory limit includes: it is smaller than --spool-size. Set --spool to a folder on a disk',
      meaning: 'A spool in memory could get the process killed.',
      remedy: 'Set `--spool` to a folder on a disk.',
    },
    {
      level: 'warn',
      message: '(a problem with files left by a daemon that has stopped)',
      meaning:
        "Files left by a daemon that has stopped cannot be taken over, or the folder has files that are not xrayd's.",
      remedy: 'Check who owns the files in the folder that the line names.',
    },
    {
      level: 'warn',
      message: 'cannot look for spool files of processes that have ended',
      meaning: 'The folder cannot be listed.',
      remedy: SPOOL_DISK,
    },
    {
      level: 'warn',
      message: "this process's folder of the spool was moved or deleted; creating a new one",
      meaning: 'Something else changes the folder; segments in it are lost.',
      remedy: 'Leave the folder of `--spool` to xrayd.',
    },
    {
      level: 'warn',
      message: 'cannot delete a finished spool file; if xrayd restarts first, its segments are sent again',
      meaning: 'The disk refuses to delete; X-Ray keeps one copy of each segment.',
      remedy: SPOOL_DISK,
    },
  ],
  'The local X-Ray': [
    {
      level: 'error',
      message: '…: traces are not stored until …',
      meaning: 'The disk is full or fails, another program has the file locked, or pinned traces fill the store.',
      remedy: 'Do what the line says; xrayd resumes by itself.',
    },
    {
      level: 'error',
      message: 'traces could not be stored; they are kept and retried',
      meaning: 'The store failed; the traces wait in the buffer.',
      remedy: 'Look at the line before.',
    },
    {
      level: 'warn',
      message: '… cannot be used: readers need a new token after the next restart',
      meaning: 'The file that keeps the token of readers beside the file of `--data` cannot be read or written.',
      remedy: 'Correct its owner or permissions, or set `--token`.',
    },
    {
      level: 'error',
      message: '(a problem of the file of --data)',
      meaning: 'The file was deleted, moved, replaced or damaged while in use.',
      remedy: 'Do what the line says.',
    },
    {
      level: 'warn',
      message:
        'the store is in memory (tmpfs), which the memory limit includes: it keeps fewer traces than --data-size says. Set --data to a file on a disk, or TMPDIR to a folder on one',
      meaning: 'A store in memory could get the process killed.',
      remedy: 'Set `--data` or `TMPDIR`.',
    },
    {
      level: 'error',
      message: 'segments were stored locally but not forwarded to X-Ray: the buffer is full',
      meaning: '`--tee`: AWS takes less than arrives.',
      remedy: 'As for uploads.',
    },
    {
      level: 'error',
      message: '… segments were stored locally but not forwarded to X-Ray (--tee)',
      meaning: 'Copies that were not sent at shutdown.',
      remedy: 'Raise `--shutdown-timeout`, or find out why uploads are slow.',
    },
    {
      level: 'error',
      message: 'a component of --tee did not stop in time; abandoning it',
      meaning: 'A part hangs at shutdown; its copies count as lost.',
      remedy: 'Check the network to X-Ray.',
    },
  ],
  Configuration: [
    {
      level: 'warn',
      message: '(a value of the configuration)',
      meaning: 'A flag, variable or key is ignored or corrected; the line names it.',
      remedy: 'Correct it where the line says. `xrayd --print-config` shows where each value comes from.',
    },
    {
      level: 'warn',
      message: '… names …, …: using the other certificates',
      meaning: 'A file of certificates cannot be used.',
      remedy: 'Correct the path, or its permissions.',
    },
    {
      level: 'warn',
      message: 'SSL_CERT_DIR names …, …',
      meaning: 'A folder of certificates cannot be used.',
      remedy: 'Correct the path, or its permissions.',
    },
    {
      level: 'warn',
      message:
        'TLS certificates are not verified (--no-verify-ssl): anyone between xrayd and X-Ray can read the traces',
      meaning: '`--no-verify-ssl` is set.',
      remedy: "Name the authority's certificate in `AWS_CA_BUNDLE` instead.",
    },
    {
      level: 'warn',
      message: '… is not used: … is true',
      meaning: "AWS's variables say to ignore configured endpoints.",
      remedy: 'Set `--endpoint`, which is always used, or remove the variable.',
    },
    {
      level: 'warn',
      message: '(too little memory for the buffer)',
      meaning: 'The memory limit leaves less than the buffer that was asked for.',
      remedy: 'Raise the limit, or lower `--buffer-memory`.',
    },
    {
      level: 'error',
      message: 'cannot reload the configuration (SIGHUP): the current one stays in use',
      meaning: 'cfg.yaml has an error; `reason` says which.',
      remedy: 'Correct the file, and send SIGHUP again.',
    },
  ],
  'The process': [
    {
      level: 'error',
      message: 'xrayd stopped: … segments sent in the drain, … lost',
      meaning: 'The last line. As an error: segments were lost at shutdown.',
      remedy: 'Raise `--shutdown-timeout`, or set `--spool`.',
    },
    {
      level: 'error',
      message: 'a component did not stop in time; abandoning it',
      meaning: 'A part hangs at shutdown; what it held counts as lost.',
      remedy: 'Check the disk or the network that the part needs.',
    },
    {
      level: 'warn',
      message: 'cannot write to the console',
      meaning: 'Standard output has an error; delivery continues.',
      remedy: 'Check what reads the log.',
    },
    {
      level: 'warn',
      message: 'log lines were lost because nobody read the console',
      meaning: 'The reader of the log hung for a while; `lost` lines are missing.',
      remedy: 'Check what reads the log.',
    },
    {
      level: 'error',
      message: 'the log file can no longer be written',
      meaning: 'The disk of `--log-file` is full or failed.',
      remedy: 'Make space; `reason` says more.',
    },
    {
      level: 'error',
      message: 'cannot write the log file; logging to the console instead',
      meaning: 'The path of `--log-file` cannot be used.',
      remedy: 'Correct the path, or its permissions.',
    },
    {
      level: 'warn',
      message: '(a warning of Node)',
      meaning: 'Node warns about itself or a variable such as `NODE_OPTIONS`.',
      remedy: 'Look at the line.',
    },
    {
      level: 'error',
      message: 'unexpected error; please report it',
      meaning: 'An error of xrayd that nothing expected. The process goes on.',
      remedy: REPORT,
    },
    {
      level: 'error',
      message: '… failed; please report this',
      meaning: 'A request failed because of an error of xrayd; it was answered with 500.',
      remedy: REPORT,
    },
  ],
};

/** docs/troubleshooting/log-messages.md. */
export function logMessagesDoc(): string {
  const sections = Object.entries(LOG_MESSAGES).map(([title, rows]) => {
    const cells = rows.map(({ level, message, meaning, remedy }) => [level, forTable(message), meaning, remedy]);
    return `## ${title}\n\n${markdownTable(['level', 'message', 'meaning', 'what to do'], cells)}`;
  });
  return `<!-- Generated from scripts/log-messages.ts by \`npm run docs\`. Do not edit. -->

# Log messages

Every warning and error that xrayd logs.
\`…\` stands for what varies; a text in parentheses describes messages that differ.
A repeated message is written once in ten seconds, with the number of lines that were left out (\`suppressed\`).
Lines of the level \`info\` report a state and need nothing done.

Errors that end a start or a command are in [errors.md](../errors.md).

${sections.join('\n')}`;
}

const forTable = (message: string): string => (message.startsWith('(') ? message : `\`${message}\``);
