import { KIND, type Resource, type Span } from '../messages.ts';
import { firstText, integerOf, type Taken } from './taken.ts';

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
  for (const { text, isFromAws } of sources(span, resource, attributes, role, isLocalRoot)) {
    const name = text === undefined ? '' : validName(text);
    if (name !== '') return { name, isFromAws: isFromAws === true };
  }
  return { name: spanName(span.name), isFromAws: false };
}

interface Source {
  readonly text: string | undefined;
  readonly isFromAws?: true;
}

function* sources(
  { kind }: Span,
  resource: Resource,
  attributes: Taken,
  role: Role,
  isLocalRoot: boolean,
): Generator<Source> {
  const isServer = kind === KIND.server;
  const isConsumer = kind === KIND.consumer && role !== 'dependency';
  const serviceName = firstText(resource.attributes, ['service.name']);
  if (isServer || isConsumer || role === 'service' || (kind === KIND.internal && isLocalRoot))
    yield { text: attributes.text('aws.local.service') };
  // A consumer's segment belongs to its service: the exporter names it by the span.
  if (isConsumer || role === 'service') yield { text: serviceName };
  if (kind === KIND.client || kind === KIND.producer || kind === KIND.consumer || role === 'dependency')
    yield { text: remoteService(attributes) };
  yield { text: attributes.text('service.peer.name', 'peer.service') };
  yield { text: attributes.text('aws.service'), isFromAws: true };
  yield { text: databaseName(attributes) };
  if (isServer) yield { text: serviceName };
  yield { text: rpcService(attributes) };
  yield { text: attributes.text('http.host') };
  yield { text: attributes.text('net.peer.name') };
  if (kind === KIND.client || kind === KIND.producer) yield { text: serverAddress(attributes) };
}

export function isAwsApi(attributes: Taken): boolean {
  return attributes.text('rpc.system.name', 'rpc.system') === 'aws-api';
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

function validName(name: string): string {
  return cut(name.replace(INVALID, ''));
}

/** Cuts between characters, not inside one. */
function cut(name: string): string {
  if (name.length <= MAX_CHARACTERS) return name;
  const isInsidePair = (name.codePointAt(MAX_CHARACTERS - 1) ?? 0) > 0xffff;
  return name.slice(0, isInsidePair ? MAX_CHARACTERS - 1 : MAX_CHARACTERS);
}
