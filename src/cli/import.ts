import { isatty } from 'node:tty';
import type { LoadedConfig } from '../config/load.ts';
import { messageOf, systemCodeOf, XraydError } from '../pipeline/errors.ts';
import { readTextFile } from '../pipeline/read-file.ts';
import type { CommandContext } from './command.ts';
import { LocalXRayClient } from './local-client.ts';
import { readTraces } from './trace-file.ts';
import type { ReturnedTrace } from './remote-traces.ts';
import { counted, report } from './transfer.ts';

/** Time limit for a file of traces, or a pipe that a program writes to. */
const READ_MS = 60_000;
/** A string has at most 512 MB. */
const MAX_FILE_BYTES = 500 * 1024 * 1024;

/** `xrayd import FILE…`; "-" or no name means standard input. */
export async function run(
  loaded: LoadedConfig<'import'>,
  { operands: files, output: { say, progress } }: CommandContext,
): Promise<number> {
  const local = LocalXRayClient.of(loaded);
  const named = files.length === 0 ? ['-'] : files;
  if (files.length === 0 && isatty(0)) say('xrayd: reading standard input; Ctrl-D ends it. See xrayd help import.\n');
  if (loaded.config.albLog) {
    const { importAccessLogs } = await import('./access-log.ts');
    return importAccessLogs(named, local, { say, progress });
  }
  let code = 0;
  for (const file of named) {
    const name = file === '-' ? 'standard input' : file;
    let traces: ReturnedTrace[];
    try {
      traces = readTraces(
        file === '-'
          ? await textFrom(process.stdin, MAX_FILE_BYTES)
          : await readTextFile(file, { timeoutMs: READ_MS, maxBytes: MAX_FILE_BYTES }),
      );
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT')
        throw new XraydError('XRAYD_TRANSFER', `cannot import ${name}: it does not exist`, { cause: error });
      throw new XraydError(
        'XRAYD_TRANSFER',
        `cannot import ${name}: ${messageOf(error)}. Expected the output of \`xrayd export\` or \`aws xray batch-get-traces\`, or one segment document per line`,
        {
          cause: error,
        },
      );
    }
    code = Math.max(code, report(await local.import(counted(traces, 'imported', progress)), say, name));
  }
  return code;
}

/** Rejects if a stream has more than `maxBytes`. */
export async function textFrom(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
