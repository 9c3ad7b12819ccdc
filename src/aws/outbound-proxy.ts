import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BlockList, isIP } from 'node:net';

export interface OutboundConfig {
  /** URL of an HTTP proxy, or "". */
  readonly proxyAddress: string;
  /** Hosts to reach directly: the text of NO_PROXY. */
  readonly noProxy: string;
  readonly noVerifySsl: boolean;
  readonly maxSockets: number;
}

/** Kept-alive connections to AWS, through the proxy where one is set and the host is not exempt. */
export class Outbound {
  readonly #direct: { http: HttpAgent; https: HttpsAgent };
  readonly #proxied: { http: HttpAgent; https: HttpsAgent } | undefined;
  readonly #noProxy: string;

  constructor({ proxyAddress, noProxy, noVerifySsl, maxSockets }: OutboundConfig) {
    const options = { keepAlive: true, maxSockets, maxFreeSockets: maxSockets, scheduling: 'lifo' as const, rejectUnauthorized: !noVerifySsl };
    const agents = (more: AgentOptions): { http: HttpAgent; https: HttpsAgent } => ({
      http: new HttpAgent({ ...options, ...more }),
      https: new HttpsAgent({ ...options, ...more }),
    });
    this.#noProxy = noProxy;
    this.#direct = agents({});
    // Node's own proxy support, with the decision taken here: its NO_PROXY knows no CIDR.
    if (proxyAddress !== '') this.#proxied = agents({ proxyEnv: { HTTP_PROXY: proxyAddress, HTTPS_PROXY: proxyAddress } });
  }

  agentFor(url: URL): HttpAgent | HttpsAgent {
    const isProxied = this.#proxied !== undefined && !isExempt(url.hostname, portOf(url), this.#noProxy);
    const agents = isProxied ? this.#proxied : this.#direct;
    return url.protocol === 'https:' ? agents.https : agents.http;
  }

  /** Whether calls to `url` go through the proxy. */
  isProxied(url: URL): boolean {
    const agent = this.agentFor(url);
    return agent === this.#proxied?.http || agent === this.#proxied?.https;
  }

  close(): void {
    for (const agent of [this.#direct, this.#proxied]) {
      agent?.http.destroy();
      agent?.https.destroy();
    }
  }
}

/** Never through a proxy: loopback, instance and container metadata. A proxy would answer for the wrong machine (aws-xray-daemon#255). */
const NEVER = new BlockList();
NEVER.addSubnet('127.0.0.0', 8);
NEVER.addSubnet('169.254.0.0', 16);
NEVER.addAddress('::1', 'ipv6');
NEVER.addSubnet('fd00:ec2::', 32, 'ipv6');

/**
 * Whether `hostname` is reached directly. `noProxy` as curl and Go read it: names separated by commas or blanks, `*` for all,
 * `example.com` and `.example.com` for the domain and what is below it, addresses, CIDR blocks, each with an optional port.
 */
export function isExempt(hostname: string, port: number, noProxy: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const version = isIP(host);
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (host === 'localhost' || (version !== 0 && NEVER.check(host, family))) return true;
  for (const rule of noProxy.toLowerCase().split(/[\s,]+/)) {
    if (rule === '') continue;
    if (rule === '*') return true;
    if (matches(rule, host, version, port)) return true;
  }
  return false;
}

function matches(rule: string, host: string, version: number, port: number): boolean {
  const [network = '', bits] = rule.split('/');
  if (bits !== undefined) {
    if (isIP(network) === 0 || isIP(network) !== version) return false;
    const block = new BlockList();
    try {
      block.addSubnet(network, Number(bits), version === 6 ? 'ipv6' : 'ipv4');
    } catch {
      return false;
    }
    return block.check(host, version === 6 ? 'ipv6' : 'ipv4');
  }
  const parts = /^(\[[^\]]+\]|[^:]+|[0-9a-f:]{3,})(?::(\d+))?$/.exec(rule);
  if (parts === null || (parts[2] !== undefined && Number(parts[2]) !== port)) return false;
  const name = (parts[1] ?? '').replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return version === 0 ? host === name || host.endsWith(`.${name}`) : host === name;
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}
