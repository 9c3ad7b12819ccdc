/**
 * node:ffi, through which functions of C can be called, without the warning that it is experimental. Throws where it is
 * missing.
 */
export function nativeModule(): typeof import('node:ffi') {
  // oxlint-disable-next-line typescript/unbound-method -- it is only put back
  const { emitWarning } = process;
  process.emitWarning = (): void => {};
  try {
    return process.getBuiltinModule('node:ffi');
  } finally {
    process.emitWarning = emitWarning;
  }
}

let trim: (() => void) | undefined;

/**
 * Returns memory to the system that was freed but that glibc keeps: an idle daemon has 3 to 7 MB of it, which V8 needed
 * to compile the start (docs/performance.md). Takes some milliseconds. Does nothing where node:ffi or glibc is missing.
 * Source: malloc_trim(3).
 */
export function returnFreedMemory(): void {
  trim ??= trimmer();
  trim();
}

function trimmer(): () => void {
  try {
    const { functions } = nativeModule().dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    return () => void functions.malloc_trim(0n);
  } catch {
    return () => {};
  }
}

/** Source: mallopt(3), malloc.h. */
const M_ARENA_MAX = -8;
const ARENAS = 2;

/**
 * glibc gives each thread memory of its own to allocate from, and returns it only when all above it is free. Each of
 * the 16 threads that read and move the files of the spool would keep some megabytes: 25 MB with 200,000 files. Does
 * nothing where node:ffi or glibc is missing.
 */
export function shareFreedMemory(): void {
  try {
    const { functions } = nativeModule().dlopen(null, { mallopt: { arguments: ['i32', 'i32'], return: 'i32' } });
    functions.mallopt(M_ARENA_MAX, ARENAS);
  } catch {
    // Another C library.
  }
}
