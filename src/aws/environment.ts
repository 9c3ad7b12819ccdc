/** The process's variables; only main reads them, everything else is given them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** AWS's own switches are "true" in any case. */
export function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
