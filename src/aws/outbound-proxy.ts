import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { bareHost, isLoopbackHost } from '../pipeline/address.ts';
import { HttpConnections } from './http-connections.ts';
import { portOf } from './http-socket.ts';

export interface OutboundConfig {
  /** URL of an HTTP proxy, or "". */
  readonly proxyAddress: string;
  /** Hosts to reach directly: the text of NO_PROXY. */
  readonly noProxy: string;
  readonly noVerifySsl: boolean;
  readonly maxSockets: number;
}

/** After this many consecutive failures of a host its name is looked up again, and so after every further multiple. */
const RENEW_AFTER = 3;

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** Keep-alive connections to AWS, through the proxy if one is set and the host is not exempt. */
export class Outbound {
  readonly #config: OutboundConfig;
  /** Consecutive failures by origin. */
  readonly #failures = new Map<string, number>();
  #direct: Agents;
  #proxied: Agents | undefined;
  readonly #connections: HttpConnections[] = [];

  constructor(config: OutboundConfig) {
    this.#config = config;
    this.#direct = agentsFor(config);
    this.#proxied = this.#makeProxied();
  }

  /** New connections for X-Ray's calls to the server of `url`, which `note` renews and `close` closes. */
  connectionsTo(url: URL): HttpConnections {
    const { proxyAddress, noVerifySsl, maxSockets } = this.#config;
    const proxy = this.isProxied(url) ? new URL(proxyAddress) : undefined;
    const connections = new HttpConnections({ url, proxy, noVerifySsl, maxSockets });
    this.#connections.push(connections);
    return connections;
  }

  agentFor(url: URL): HttpAgent | HttpsAgent {
    const proxied = isExempt(url.hostname, portOf(url), this.#config.noProxy) ? undefined : this.#proxied;
    const agents = proxied ?? this.#direct;
    return url.protocol === 'https:' ? agents.https : agents.http;
  }

  /** Whether calls to `url` go through the proxy. */
  isProxied(url: URL): boolean {
    const agent = this.agentFor(url);
    return agent === this.#proxied?.http || agent === this.#proxied?.https;
  }

  /**
   * Records the result of an exchange: a failure is a missing response, or one that shows that the host cannot serve
   * now. A keep-alive connection never moves to another address. So after consecutive failures, idle connections are
   * closed and the name is looked up again, by the proxy too.
   */
  note(url: URL, isGood: boolean): void {
    const failures = isGood ? 0 : (this.#failures.get(url.origin) ?? 0) + 1;
    this.#failures.set(url.origin, failures % RENEW_AFTER);
    if (failures === RENEW_AFTER) this.#renew();
  }

  close(): void {
    for (const agents of [this.#direct, this.#proxied]) {
      agents?.http.destroy();
      agents?.https.destroy();
    }
    for (const connections of this.#connections) connections.close();
  }

  /** Running calls continue; their connections are closed afterwards. */
  #renew(): void {
    for (const connections of this.#connections) connections.renew();
    const old = [this.#direct, this.#proxied];
    this.#direct = agentsFor(this.#config);
    this.#proxied = this.#makeProxied();
    for (const agent of old.flatMap((agents) => (agents === undefined ? [] : [agents.http, agents.https]))) {
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** Node's own proxy support, but xrayd decides which hosts use it: Node's NO_PROXY does not support CIDR blocks. */
  #makeProxied(): Agents | undefined {
    const { proxyAddress } = this.#config;
    return proxyAddress === ''
      ? undefined
      : agentsFor(this.#config, { proxyEnv: { HTTP_PROXY: proxyAddress, HTTPS_PROXY: proxyAddress } });
  }
}

function agentsFor({ maxSockets, noVerifySsl }: OutboundConfig, more: AgentOptions = {}): Agents {
  const options = {
    keepAlive: true,
    maxSockets,
    maxFreeSockets: maxSockets,
    scheduling: 'lifo' as const,
    rejectUnauthorized: !noVerifySsl,
  };
  return { http: new HttpAgent({ ...options, ...more }), https: new HttpsAgent({ ...options, ...more }) };
}

/** Instance metadata and container metadata. */
const NEVER = new BlockList();
NEVER.addSubnet('169.254.0.0', 16);
NEVER.addSubnet('fd00:ec2::', 32, 'ipv6');

/**
 * Whether `hostname` is reached directly. `noProxy` is read as in curl and Go: names separated by commas or blanks, `*`
 * for all, `example.com` and `.example.com` for the domain and its subdomains, addresses, CIDR blocks, each with an
 * optional port.
 */
export function isExempt(hostname: string, port: number, noProxy: string): boolean {
  const host = bareHost(hostname).toLowerCase();
  const version = isIP(host);
  const family = version === 6 ? 'ipv6' : 'ipv4';
  // A proxy would answer for the wrong machine (aws-xray-daemon#255).
  if (isLoopbackHost(host) || (version !== 0 && NEVER.check(host, family))) return true;
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
  const name = bareHost(parts[1] ?? '').replace(/^\*?\./, '');
  return version === 0 ? host === name || host.endsWith(`.${name}`) : host === name;
}
