import { KIND, type Resource, type Span } from '../messages.ts';
import { firstText, integerOf, keyGroup, type Taken } from './taken.ts';

/**
 * The document that a span becomes: `whole`, or for the local root of a service that is a call, the segment of the
 * service and the subsegment of the call (`service`, `dependency`).
 */
export type Role = 'whole' | 'service' | 'dependency';

export interface Named {
  readonly name: string;
  /** Whether it is the name of an AWS service. */
  readonly isFromAws: boolean;
}

/** What a span is named by: the first source that leaves a valid name. */
export function nameOf(span: Span, resource: Resource, attributes: Taken, role: Role, isLocalRoot: boolean): Named {
  const { kind } = span;
  const isServer = kind === KIND.server;
  const isConsumer = kind === KIND.consumer && role !== 'dependency';
  const isCall = kind === KIND.client || kind === KIND.producer;
  const hasSource = attributes.hasAny(SOURCES);
  const serviceName = firstText(resource.attributes, SERVICE_NAME);
  let name: string | undefined;
  if (hasSource && (isServer || isConsumer || role === 'service' || (kind === KIND.internal && isLocalRoot)))
    name = validName(attributes.text('aws.local.service'));
  // A consumer's segment belongs to its service: the exporter names it by the span.
  if (isConsumer || role === 'service') name ??= validName(serviceName);
  if (hasSource) {
    if (isCall || kind === KIND.consumer || role === 'dependency') name ??= validName(remoteService(attributes));
    name ??= validName(attributes.text('service.peer.name', 'peer.service'));
    if (name === undefined) {
      const service = validName(attributes.text('aws.service'));
      if (service !== undefined) return { name: service, isFromAws: true };
    }
    name ??= validName(databaseName(attributes));
  }
  if (isServer) name ??= validName(serviceName);
  if (hasSource) {
    name ??=
      validName(rpcService(attributes)) ??
      validName(attributes.text('http.host')) ??
      validName(attributes.text('net.peer.name'));
  }
  if (isCall) name ??= validName(serverAddress(attributes));
  return { name: name ?? spanName(span.name), isFromAws: false };
}

const SERVICE_NAME = ['service.name'];
const SOURCES = keyGroup([
  'aws.local.service',
  'aws.remote.service',
  'service.peer.name',
  'peer.service',
  'aws.service',
  'db.namespace',
  'db.name',
  'rpc.service',
  'rpc.method',
  'http.host',
  'net.peer.name',
]);
const RPC_SYSTEM = keyGroup(['rpc.system.name', 'rpc.system']);

export function isAwsApi(attributes: Taken): boolean {
  return attributes.hasAny(RPC_SYSTEM) && attributes.text('rpc.system.name', 'rpc.system') === 'aws-api';
}

const AWS_PREFIX = /^(?:AWS\.SDK\.|AWS::)/;

/** Application Signals writes `AWS::S3`; the service map says S3. */
function remoteService(attributes: Taken): string | undefined {
  const name = attributes.text('aws.remote.service');
  return name !== undefined && isAwsApi(attributes) ? name.replace(AWS_PREFIX, '') : name;
}

function databaseName(attributes: Taken): string | undefined {
  const name = attributes.text('db.namespace', 'db.name');
  if (name === undefined) return undefined;
  const connection = attributes.text('db.connection_string');
  const host = connection === undefined ? undefined : hostOf(connection.replace(/^jdbc:/, ''));
  return host === undefined ? name : `${name}@${host}`;
}

/** Also of `//HOST/NAME`, which Oracle's clients accept. */
function hostOf(url: string): string | undefined {
  return URL.parse(url, 'relative:///')?.hostname || undefined;
}

/** The service in `rpc.method` of newer instrumentation, which is `package.Service/Method`. */
function rpcService(attributes: Taken): string | undefined {
  const service = attributes.text('rpc.service');
  if (service !== undefined) return service;
  const method = attributes.has('rpc.system.name') ? attributes.text('rpc.method') : undefined;
  const slash = method?.lastIndexOf('/') ?? -1;
  return slash > 0 ? method?.slice(0, slash) : undefined;
}

function serverAddress(attributes: Taken): string | undefined {
  const address = attributes.text('server.address');
  const port = integerOf(attributes.all['server.port']);
  return address === undefined || port === undefined || port === 80 || port === 443 ? address : `${address}:${port}`;
}

/** X-Ray cuts longer names, and the exporter cuts bytes. */
const MAX_CHARACTERS = 200;
/** Source: X-Ray developer guide, segment documents. */
const INVALID = /[^\p{L}\p{Z}\p{N}_.:/%&#=+\-@\\]/gu;
/** compat: the collector's exporter removes more from names of spans. */
const REMOVED_FROM_SPAN_NAMES = /[^ 0-9\p{L}_.:/%&#=+\-@]/gu;

function spanName(name: string): string {
  return cut(name.replace(REMOVED_FROM_SPAN_NAMES, '')) || 'span';
}

function validName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : cut(name.replace(INVALID, '')) || undefined;
}

/** Cuts between characters, not inside one. */
function cut(name: string): string {
  if (name.length <= MAX_CHARACTERS) return name;
  const isInsidePair = (name.codePointAt(MAX_CHARACTERS - 1) ?? 0) > 0xffff;
  return name.slice(0, isInsidePair ? MAX_CHARACTERS - 1 : MAX_CHARACTERS);
}
