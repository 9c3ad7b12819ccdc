/** File systems of Linux that keep files in memory: tmpfs, ramfs. Source: statfs(2). */
const IN_MEMORY: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);

/** Whether files of a file system, by the `type` of statfs, count towards the memory limit of the process. */
export function isInMemory({ type }: { readonly type: number }): boolean {
  return IN_MEMORY.has(type);
}
