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
