import { getHeapSpaceStatistics } from 'node:v8';
import { keepGenerationsSmall, growYoungGeneration } from '../../src/compose/heap-tuning.ts';

/**
 * A process that makes objects as requests of spans do, each in use for a moment, and tells how its heap has grown. Run
 * it with `--no-incremental-marking`: while V8 marks the old generation bit by bit, it does not collect the young one
 * at its size but lets it take what is allocated meanwhile, 1 to 30 MB.
 */
keepGenerationsSmall();
let kept: object[] = [];
for (let request = 0; request < 100; request++) {
  if (process.argv[2] === 'true') growYoungGeneration();
  kept = Array.from({ length: 10_000 }, (_, n) => ({ n, name: `span ${n}`, attributes: { n } }));
}
const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
process.send?.(kept.length > 0 ? young?.space_size : undefined);
process.disconnect?.();
