// One piece of work of the same size, again and again for `process.argv[2]` seconds, and the CPU that the kernel's books charge for a piece, in ms.
// What the longest has beyond the median is the machine's: its hypervisor, the steps of its books, other threads in the caches.
const PIECE_MS = 4;

/** Iterations of the loop that take a piece's time. */
function sizeOfPiece() {
  let iterations = 100_000;
  for (;;) {
    const startMs = performance.now();
    work(iterations);
    const ms = performance.now() - startMs;
    if (ms >= PIECE_MS) return Math.round((iterations * PIECE_MS) / ms);
    iterations *= 2;
  }
}

/** Outside, so that the compiler keeps the loop. */
let sum = 0;

function work(iterations) {
  for (let i = 0; i < iterations; i++) sum = (sum * 31 + i) | 0;
}

function ownMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

work(20_000_000);
const iterations = sizeOfPiece();
const pieces = [];
const endMs = performance.now() + Number(process.argv[2]) * 1000;
while (performance.now() < endMs) {
  const before = ownMs();
  work(iterations);
  pieces.push(ownMs() - before);
}
pieces.sort((a, b) => a - b);
const at = (share) => pieces[Math.floor(pieces.length * share)] ?? 0;
process.stdout.write(JSON.stringify({ median: at(0.5), p99: at(0.99), max: pieces.at(-1) }));
