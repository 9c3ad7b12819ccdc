/** The environment variables of the process. Only main reads them and passes them on. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** AWS's own switches are on if they are "true", in any case. */
export function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
