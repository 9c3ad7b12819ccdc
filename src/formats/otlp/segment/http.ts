import type { Json } from '../../../json/json.ts';
import { KIND, type Span } from '../messages.ts';
import { integerOf, keyGroup, type Taken } from './taken.ts';

/** Each of these shows that a span is a request, unlike an address or a port, which calls of all kinds have. */
const MARK_KEYS = [
  'http.request.method',
  'http.method',
  'http.response.status_code',
  'http.status_code',
  'url.full',
  'http.url',
  'url.path',
  'url.query',
  'url.scheme',
  'http.scheme',
  'http.host',
  'http.target',
  'http.server_name',
  'user_agent.original',
  'http.user_agent',
  'http.client_ip',
  'net.host.port',
];
const ADDRESS_KEYS = [
  'host.name',
  'net.host.name',
  'net.peer.name',
  'net.peer.port',
  'net.peer.ip',
  'server.address',
  'server.port',
];
const MARKS = keyGroup(MARK_KEYS);
const TAKEN = keyGroup([...MARK_KEYS, ...ADDRESS_KEYS]);
const CLIENT = keyGroup(['client.address', 'network.peer.address', 'http.client_ip', 'net.peer.ip']);
const SIZES = ['http.response.body.size', 'http.response_content_length'];

/** The block `http` of a segment; undefined, and nothing is taken, if the span is no request. */
export function httpOf(span: Span, attributes: Taken): Json | undefined {
  if (!attributes.hasAny(MARKS)) return undefined;
  const request: Record<string, unknown> = {};
  const response: Record<string, unknown> = {};
  set(request, 'method', attributes.text('http.request.method', 'http.method'));
  set(request, 'url', urlOf(span, attributes));
  set(request, 'user_agent', attributes.text('user_agent.original', 'http.user_agent'));
  if (attributes.hasAny(CLIENT)) addClient(request, attributes);
  set(response, 'status', httpStatus(attributes));
  set(response, 'content_length', contentLength(span, attributes));
  const http: Record<string, unknown> = {};
  if (Object.keys(request).length > 0) http['request'] = request;
  if (Object.keys(response).length > 0) http['response'] = response;
  if (Object.keys(http).length === 0) return undefined;
  attributes.takeAny(TAKEN);
  return http;
}

export function httpStatus(attributes: Taken): number | undefined {
  return attributes.integer('http.response.status_code', 'http.status_code');
}

function set(block: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) block[name] = value;
}

/** compat: the address was forwarded if the peer of the connection is unknown. */
function addClient(request: Record<string, unknown>, attributes: Taken): void {
  const client = ipOf(attributes.text('client.address'));
  const peer = ipOf(attributes.text('network.peer.address'));
  const ip = client ?? attributes.text('http.client_ip', 'net.peer.ip') ?? peer;
  if (ip === undefined) return;
  request['client_ip'] = ip;
  if (!attributes.has('net.peer.ip') && peer === undefined) request['x_forwarded_for'] = true;
  if (client !== undefined) attributes.take('client.address');
  if (peer !== undefined) attributes.take('network.peer.address');
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*$/i;
/** Of an address in the longest form of IPv6. */
const MAX_IP_LENGTH = 45;

/** An address that is a host name cannot be stored as one. */
function ipOf(address: string | undefined): string | undefined {
  return address !== undefined && (IPV4.test(address) || isIpv6(address)) ? address : undefined;
}

function isIpv6(address: string): boolean {
  return address.length <= MAX_IP_LENGTH && IPV6.test(address);
}

interface Host {
  readonly name: string | undefined;
  readonly port: number | undefined;
  /** If no attribute names one; `http` by default. */
  readonly scheme?: string;
}

/** undefined without a host. */
function urlOf(span: Span, attributes: Taken): string | undefined {
  const full = attributes.text('url.full', 'http.url');
  if (full !== undefined) return full;
  const {
    name,
    port,
    scheme: ofPort = 'http',
  } = span.kind === KIND.server ? serverHost(attributes) : peerHost(attributes);
  if (name === undefined) return undefined;
  const scheme = attributes.text('url.scheme', 'http.scheme') ?? ofPort;
  const isDefault = port === undefined || port === (scheme === 'https' ? 443 : scheme === 'http' ? 80 : -1);
  const host = isIpv6(name) ? `[${name}]` : name;
  return `${scheme}://${host}${isDefault ? '' : `:${port}`}${pathOf(attributes)}`;
}

/** Of the service itself. `http.host` has a port already, if it is not the scheme's. */
function serverHost(attributes: Taken): Host {
  const stable = attributes.text('server.address');
  const port = attributes.integer('server.port', 'net.host.port');
  if (stable !== undefined && attributes.has('http.request.method')) return { name: stable, port };
  const header = attributes.text('http.host');
  if (header !== undefined) return { name: header, port: undefined };
  return {
    name: attributes.text('http.server_name', 'net.host.name', 'host.name', 'server.address'),
    port: attributes.integer('net.host.port', 'server.port'),
  };
}

/** Of the service that is called. */
function peerHost(attributes: Taken): Host {
  const stable = attributes.text('server.address');
  if (stable !== undefined) {
    const port = attributes.integer('server.port', 'net.peer.port');
    return { name: stable, port, scheme: port === 443 ? 'https' : 'http' };
  }
  const header = attributes.text('http.host');
  if (header !== undefined) return { name: header, port: undefined };
  return { name: attributes.text('net.peer.name', 'net.peer.ip'), port: attributes.integer('net.peer.port') };
}

function pathOf(attributes: Taken): string {
  const path = attributes.text('url.path');
  const query = attributes.text('url.query');
  if (path !== undefined || query !== undefined) {
    const withQuery = query === undefined ? '' : query.startsWith('?') ? query : `?${query}`;
    return rooted(path ?? '/') + withQuery;
  }
  const target = attributes.text('http.target');
  if (target !== undefined) return rooted(target);
  // Brave's name for it.
  const zipkin = attributes.text('http.path');
  if (zipkin === undefined) return '/';
  attributes.take('http.path');
  return rooted(zipkin);
}

function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

const PAYLOAD = 'messaging.message_payload_size_bytes';

function contentLength({ events }: Span, attributes: Taken): number | undefined {
  const size = attributes.integer(...SIZES);
  if (size !== undefined) {
    attributes.take(...SIZES);
    return size;
  }
  const received = [attributes.all, ...events.map((event) => event.attributes)].find(
    (values) => values['message.type'] === 'RECEIVED',
  );
  return received === undefined ? undefined : integerOf(received[PAYLOAD]);
}
