import { Spool } from '../../src/batcher/spool/spool.ts';
import { Accounting, imbalanceOf } from '../../src/pipeline/accounting.ts';
import { textsOf } from './exporter.ts';
import { MemoryLog } from './log.ts';
import { segmentsOf } from './segments.ts';
import type { FromSpoolChild, ToSpoolChild } from './spool-process.ts';

/** The program of SpoolProcess. */
const [folder = '', maxBytes = '10000000', lookEveryMs = '50'] = process.argv.slice(2);
const accounting = new Accounting();
const log = new MemoryLog();
const config = { folder, maxBytes: Number(maxBytes), isNewestFirst: false, lookEveryMs: Number(lookEveryMs) };
const spool = new Spool(config, { accounting, log });
/** Segments accepted from the caller minus segments sent: the identity must explain the difference. */
let given = 0;

async function answer(message: ToSpoolChild): Promise<Omit<FromSpoolChild, 'id'>> {
  const sent: string[] = [];
  let isWritten = true;
  if (message.name === 'write')
    isWritten = await spool.write(segmentsOf(message.documents), () => (given += message.documents.length));
  if (message.name === 'send') {
    for (let left = message.batches; left > 0 && spool.hasNext; left--) {
      const taken = await spool.take();
      if (taken === undefined) continue;
      sent.push(...textsOf(taken.segments));
      spool.checkOut(taken.entry);
      given -= taken.segments.length;
      await spool.finish(taken.entry);
    }
  }
  if (message.name === 'stop') await spool.stop();
  const snapshot = accounting.snapshot();
  return { isWritten, sent, snapshot, imbalance: imbalanceOf(snapshot) + given, log: log.find(/./) };
}

process.on('message', (message: ToSpoolChild) => {
  void answer(message).then((result) => process.send!({ id: message.id, ...result } satisfies FromSpoolChild));
});
await spool.start();
process.send!({ id: 0, ...(await answer({ id: 0, name: 'look' })) } satisfies FromSpoolChild);
