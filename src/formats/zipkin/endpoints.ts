import { integerOf, objectOf, textOf, type Json } from '../../json/json.ts';
import { KIND, type Value } from '../otlp/messages.ts';

type Filled = Record<string, Value>;

/** Adds the addresses of a span's two ends. Ports make no HTTP request of a span: `network.local.port` does not. */
export function addEndpoints(json: Json, kind: number, attributes: Filled): void {
  const local = objectOf(json['localEndpoint']);
  const remote = objectOf(json['remoteEndpoint']);
  set(attributes, 'network.local.address', addressOf(local));
  set(attributes, 'network.local.port', portOf(local));
  // The other end of a server is its client: `peer.service` would name the server's segment by it.
  set(attributes, kind === KIND.server ? 'net.peer.name' : 'peer.service', textOf(remote['serviceName']));
  set(attributes, 'net.peer.ip', addressOf(remote));
  set(attributes, 'net.peer.port', portOf(remote));
}

function set(attributes: Filled, key: string, value: Value | undefined): void {
  if (value !== undefined) attributes[key] = value;
}

function addressOf({ ipv4, ipv6 }: Json): string | undefined {
  return textOf(ipv4) ?? textOf(ipv6);
}

function portOf({ port }: Json): bigint | undefined {
  const number = integerOf(port);
  return number === undefined || number <= 0 ? undefined : BigInt(number);
}
