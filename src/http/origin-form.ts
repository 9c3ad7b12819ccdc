/** RFC 9112, 3.2: a client may send an absolute URL, as to a proxy. request-guard.ts checks its host. */
export function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return rest === target || rest.startsWith('/') ? rest : `/${rest}`;
}
