let ids = 0;

/** 16 hexadecimal digits, the next number each time: IDs of segments. */
export function nextId(): string {
  return (++ids).toString(16).padStart(16, '0');
}

/** For the start of a file of tests, so that its IDs do not depend on which files ran before it in the process. */
export function restartIds(): void {
  ids = 0;
}
