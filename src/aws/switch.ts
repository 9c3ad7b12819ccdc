/** AWS's own switches are on if they are "true", in any case. */
export function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
