import { isIP } from 'node:net';

/**
 * The host of an authority, in lower case, without brackets, port and trailing dot; "" if it is empty, undefined if it
 * is malformed.
 */
export function hostOf(authority: string): string | undefined {
  // RFC 3986 §3.2.2 and RFC 9110 §7.2: uri-host [ ":" port ], without a user or blanks. Nobody uses names with "%".
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._~!$&'()*+,;=-]*))(?::(\d{0,5}))?$/i.exec(authority);
  if (match === null || Number(match[3] ?? 0) > 65_535) return undefined;
  const [, literal, name = ''] = match;
  if (literal !== undefined) return isIP(literal) === 6 ? literal.toLowerCase() : undefined;
  return name.toLowerCase().replace(/\.$/, '');
}

/**
 * Names that nobody can register and point to another machine: those without a dot, and those below domains that do not
 * exist in public DNS.
 * Sources: RFC 6761 (localhost, test), RFC 6762 (local), RFC 8375 (home.arpa), ICANN's resolution of 2024 (internal);
 * `svc` is Kubernetes'.
 */
const PRIVATE_NAME = /^[^.]*$|\.(localhost|test|local|internal|svc|home\.arpa)$/;

/** The names that a server answers to. Addresses are always allowed: DNS rebinding needs a name. */
export class HostNames {
  readonly #names: ReadonlySet<string>;
  readonly #domains: readonly string[];

  /** `more`: additional names, and domains including their subdomains as `.example.com` or `*.example.com`. */
  constructor(more: readonly string[] = []) {
    const names = more.map((name) => name.toLowerCase().replace(/\.$/, ''));
    this.#domains = names.flatMap((name) => /^\*?(\..+)$/.exec(name)?.[1] ?? []);
    this.#names = new Set(names);
  }

  has(host: string): boolean {
    if (isIP(host) !== 0 || PRIVATE_NAME.test(host) || this.#names.has(host)) return true;
    return this.#domains.some((domain) => host.endsWith(domain));
  }
}

/**
 * The domains in which a pod's own Service has its names, from the pod's resolv.conf: `.tracing` for `xray.tracing` (a
 * Service and its pods are always in the same namespace), and the cluster's own domain, which need not be
 * cluster.local.
 */
export function kubernetesDomains(resolvConf: string): string[] {
  const searched = [...resolvConf.matchAll(/^search[ \t]+(.+)$/gm)].flatMap(([, domains = '']) =>
    domains.trim().split(/\s+/),
  );
  return searched.flatMap((domain) => {
    const [, namespace, cluster] = /^([a-z0-9-]+)\.svc\.(.+?)\.?$/.exec(domain) ?? [];
    return namespace === undefined ? [] : [`.${namespace}`, `.svc.${cluster}`];
  });
}
