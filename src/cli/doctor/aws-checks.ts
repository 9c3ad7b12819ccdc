import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { TLSSocket, type Certificate } from 'node:tls';
import { directCall } from '../../aws/direct-call.ts';
import { describeAnswer, isAwsHost } from '../../aws/foreign-answer.ts';
import { classify } from '../../aws/classify.ts';
import { failureOf, isTrustedNow } from '../../aws/http-call.ts';
import { openSocket, type SocketConfig } from '../../aws/http-socket.ts';
import { rulesIn, takeNothing } from '../../aws/sampling-rules.ts';
import { trustGeneration } from '../../aws/trust.ts';
import { errorTypeOf, type XRayAnswer } from '../../aws/xray-api.ts';
import { connectionTo, findDestination, type AwsCommand, type Destination } from '../../compose/xray-connection.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { OPERATIONS } from '../../formats/xray/operations.ts';
import { bareHost, isLoopbackHost } from '../../pipeline/address.ts';
import { parseDate, wallClockMs } from '../../pipeline/clock.ts';
import { messageOf } from '../../pipeline/errors.ts';
import { newCounters } from '../../pipeline/counters.ts';
import type { Environment } from '../../pipeline/environment.ts';
import { oneLine } from '../../pipeline/one-line.ts';
import { capitalized, plural } from '../transfer.ts';
import type { Checkup } from './findings.ts';
import { RecordingLog, type Line } from './recording-log.ts';

/** Each source of a region, and of credentials, has a limit of its own. */
const REGION_MS = 12_000;
const CREDENTIALS_MS = 25_000;
const DNS_MS = 5_000;
const CONNECT_MS = 8_000;
/** Who the credentials belong to: STS has 2 s. */
const IDENTITY_MS = 4_000;
/** As the SDK waits for a token. */
const TOKEN_MS = 1_000;
/** AWS accepts signatures of 5 minutes; a minute is far more than a clock that is set may be off. */
const SKEW_MS = 60_000;
/** Maximum length of the names in a certificate. */
const MAX_NAMES = 200;

/** Region, credentials, DNS, connection, permission and clock, as the daemon itself would find them. */
export async function checkAws(checkup: Checkup, loaded: LoadedConfig<AwsCommand>, env: Environment): Promise<void> {
  const log = new RecordingLog();
  const { config } = loaded;
  const destination = await checkup.run(
    'region',
    REGION_MS,
    () => findDestination(loaded, env, log),
    (problem) =>
      IMDS_SILENT.test(problem)
        ? `Set --region. ${HOP_LIMIT}`
        : problem.includes('--region')
          ? undefined
          : 'Set --region',
  );
  if (destination === undefined) return;
  const { from } = log.lines.find(({ fields }) => 'endpoint' in fields)?.fields ?? {};
  checkup.add('region', 'ok', `${destination.region} (${text(from)}), endpoint ${destination.url.origin}`);
  for (const { message } of log.takeProblems()) checkup.add('settings', 'warn', message);
  const connection = connectionTo(destination, { config, counters: newCounters(), log }, env);
  const { credentials, outbound, api, hints } = connection;
  try {
    const hasCredentials = await checkCredentials(checkup, connection, { log, env });
    const isConnected = await checkConnection(checkup, destination, config, outbound.isProxied(destination.url));
    if (!hasCredentials || !isConnected) {
      const missing = hasCredentials ? 'a connection' : 'credentials';
      checkup.add('permission', 'skip', `not checked without ${missing}`);
      return;
    }
    log.takeProblems();
    const call = async (
      name: 'PutTraceSegments' | 'GetSamplingRules',
      body: object,
    ): Promise<XRayAnswer | undefined> => {
      const { path } = OPERATIONS[name];
      const answer = await checkup.run('permission', CONNECT_MS, (signal) =>
        api.call({ target: path, body: Buffer.from(JSON.stringify(body)), headers: api.sdkHeaders(), signal }),
      );
      if (answer !== undefined) hints.check(path, answer);
      return answer;
    };
    const answer = await call('PutTraceSegments', { TraceSegmentDocuments: [] });
    if (answer === undefined) return;
    reportPermission(checkup, answer, destination, log.takeProblems());
    reportClock(checkup, answer);
    const rules = await call('GetSamplingRules', {});
    if (rules !== undefined) reportSampling(checkup, rules, log.takeProblems());
  } finally {
    await credentials.stop();
    outbound.close();
  }
}

async function checkCredentials(
  checkup: Checkup,
  { credentials }: ReturnType<typeof connectionTo>,
  { log, env }: { readonly log: RecordingLog; readonly env: Environment },
): Promise<boolean> {
  const result = await checkup.run('credentials', CREDENTIALS_MS, async () => ({
    found: await credentials.get(CREDENTIALS_MS),
  }));
  if (result === undefined) return false;
  const { found } = result;
  if (found === undefined) {
    const { problem, tried } = credentials;
    const details: string[] = [];
    for (const line of tried)
      details.push(HOP_LIMIT_HINT.test(line) ? `${line.replace(HOP_LIMIT_HINT, '')}: ${await askForToken(env)}` : line);
    const message = details.length === 0 ? problem : 'no AWS credentials: no provider has any';
    checkup.add('credentials', 'fail', message, credentialsRemedy(problem), details);
    return false;
  }
  const who = await checkup.run('credentials', IDENTITY_MS, () => log.with('expires'));
  const { provider, account, role, expires } = who?.fields ?? {};
  const owner =
    role === undefined ? '' : `, role ${text(role)}${account === undefined ? '' : ` (account ${text(account)})`}`;
  const facts = `from ${text(provider)}${owner}, ${found.accessKeyId}, ${expires === 'never' ? 'which do not expire' : `until ${text(expires)}`}`;
  const leftMs = found.expiration === undefined ? Infinity : found.expiration.getTime() - wallClockMs();
  if (leftMs <= 0)
    checkup.add(
      'credentials',
      'fail',
      `${facts}: they have expired`,
      'Renew them (aws sso login), or correct the clock',
    );
  else checkup.add('credentials', 'ok', facts);
  return true;
}

/** The name, the connection and its certificate; through the proxy if there is one. */
async function checkConnection(
  checkup: Checkup,
  { url }: Destination,
  config: Config<AwsCommand>,
  isProxied: boolean,
): Promise<boolean> {
  // The proxy's name is looked up here, X-Ray's name by the proxy.
  const proxy = isProxied ? config.proxyAddress : undefined;
  const host = bareHost((proxy ?? url).hostname);
  if (isIP(host) === 0) {
    const found = await checkup.run(
      'dns',
      DNS_MS,
      () => lookup(host, { all: true }),
      () => dnsRemedy(proxy !== undefined),
    );
    if (found === undefined) return false;
    checkup.add('dns', 'ok', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } else checkup.add('dns', 'ok', `${host} is an address`);
  const socket = await connect(checkup, { url, proxy, noVerifySsl: config.noVerifySsl });
  if (socket === undefined) return false;
  checkup.add('endpoint', 'ok', `connected to ${url.host}${proxy === undefined ? '' : ` through ${proxy.host}`}`);
  if (socket instanceof TLSSocket) {
    const { issuer, valid_to: until } = socket.getPeerCertificate();
    const by = [issuer?.O ?? issuer?.CN ?? 'an unnamed issuer'].flat().join(', ');
    if (config.noVerifySsl) checkup.add('tls', 'warn', 'the certificate is not verified (--no-verify-ssl)');
    else checkup.add('tls', 'ok', `certificate by ${by}, valid until ${until}`);
  } else if (isLoopbackHost(bareHost(url.hostname)))
    checkup.add('tls', 'note', 'the endpoint is plain HTTP on this machine');
  else checkup.add('tls', 'warn', 'the endpoint is plain HTTP: traces and their signatures are readable on the way');
  socket.destroy();
  return true;
}

/** As the daemon connects: with the system's certificates too if the issuer is unknown without them. */
async function connect(checkup: Checkup, config: SocketConfig): Promise<Socket | undefined> {
  const { host } = config.url;
  const open = (signal: AbortSignal): Promise<Socket> => opened(config, signal);
  const trusted = trustGeneration();
  const result = await checkup.run(
    'endpoint',
    CONNECT_MS,
    async (signal) => {
      try {
        return await open(signal);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return isTrustedNow(error, trusted) ? open(signal).catch((again: Error) => again) : error;
      }
    },
    () => endpointRemedy('timeout', config),
  );
  if (!(result instanceof Error)) return result;
  const { code, message } = failureOf(result, host);
  if (code === 'tls') {
    checkup.add('endpoint', 'ok', `connected to ${host}`);
    const [problem = message, ...remedy] = message.split('. ');
    const shown = await checkup.run('tls', CONNECT_MS, (signal) => presentedTo(config, signal));
    checkup.add('tls', 'fail', `${problem}${shown ?? ''}`, remedy.length === 0 ? undefined : remedy.join('. '));
  } else checkup.add('endpoint', 'fail', `no connection to ${host}: ${message}`, endpointRemedy(code, config));
  return undefined;
}

function opened(config: SocketConfig, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const giveUp = openSocket(config, undefined, {
    onOpen: (socket) => resolve(socket.on('error', () => {})),
    onError: reject,
    onSession: () => {},
  });
  signal.addEventListener('abort', giveUp, { once: true });
  return promise;
}

/**
 * The certificate that a server presents, trusted or not, for the end of a sentence; "" if it presents none. Nothing is
 * sent to it.
 */
async function presentedTo(config: SocketConfig, signal: AbortSignal): Promise<string> {
  const socket = await opened({ ...config, noVerifySsl: true }, signal).catch(() => undefined);
  if (!(socket instanceof TLSSocket)) return '';
  const { subject, issuer, subjectaltname } = socket.getPeerCertificate();
  socket.destroy();
  const nameOf = ({ CN, O }: Partial<Certificate> = {}): string => [CN ?? O ?? 'without a name'].flat().join(', ');
  const names = subjectaltname === undefined ? '' : ` (${oneLine(subjectaltname, MAX_NAMES)})`;
  const isSelfSigned = JSON.stringify(subject) === JSON.stringify(issuer);
  return `. The server presents ${nameOf(subject)}${names}, ${isSelfSigned ? 'self-signed' : `issued by ${nameOf(issuer)}`}`;
}

function endpointRemedy(code: string, { proxy, url }: SocketConfig): string {
  const through = proxy === undefined ? '' : `, and that the proxy ${proxy.host} allows ${url.host}`;
  if (code === 'timeout')
    return `Allow outbound TCP 443: NetworkPolicy, security group, network ACL, route to a NAT or VPC endpoint${through}. If a proxy is needed, set --proxy-address`;
  return `Check --endpoint${through}, and that something listens there`;
}

function dnsRemedy(isProxy: boolean): string {
  if (isProxy) return 'Check the name in --proxy-address or HTTPS_PROXY';
  return 'Check the region and --endpoint, and the resolver: CoreDNS and a NetworkPolicy that allows UDP 53 in Kubernetes, private DNS of a VPC endpoint';
}

function reportPermission(checkup: Checkup, answer: XRayAnswer, { url }: Destination, problems: readonly Line[]): void {
  const result = classify(answer, { documents: () => [], needsRequestId: isAwsHost(url) });
  // X-Ray judges the content only after the permission, so its verdict on an empty call is a yes.
  if (result.kind === 'sent' || result.kind === 'partial' || (result.kind === 'rejected' && result.by === undefined)) {
    checkup.add('permission', 'ok', 'X-Ray accepts PutTraceSegments (an empty call)');
    return;
  }
  const hint = problems.find(({ fields }) => 'action' in fields);
  const caller = hint?.fields['caller'] === undefined ? '' : ` for ${text(hint.fields['caller'])}`;
  if (answer.kind !== 'answer') checkup.add('permission', 'fail', `PutTraceSegments failed: ${answer.message}`);
  else if (errorTypeOf(answer).startsWith('ExpiredToken'))
    checkup.add('permission', 'fail', 'X-Ray answers ExpiredToken: the credentials have expired', 'Renew them');
  else if (hint !== undefined) {
    const [problem = hint.message, remedy] = hint.message.split(': ', 2);
    const who = caller === '' ? ` (${errorTypeOf(answer)})` : caller;
    checkup.add('permission', 'fail', `${problem}${who}`, remedy === undefined ? undefined : capitalized(remedy));
  } else if (result.code === 'throttled') checkup.add('permission', 'warn', 'X-Ray throttles this account now');
  else {
    const { begins, ...facts } = describeAnswer(answer);
    const seen = Object.entries({ ...facts, begins }).map(([name, value]) => `${name} ${value}`);
    checkup.add(
      'permission',
      'fail',
      `not an answer of X-Ray: ${seen.join(', ')}`,
      'Check --endpoint, --proxy-address and NO_PROXY, and for a proxy, portal or gateway in between',
    );
  }
}

function reportClock(checkup: Checkup, answer: XRayAnswer): void {
  const date = answer.kind === 'answer' ? answer.headers.date : undefined;
  const theirsMs = date === undefined ? Number.NaN : parseDate(date);
  if (Number.isNaN(theirsMs)) {
    checkup.add('clock', 'skip', 'not checked: the endpoint does not send its time');
    return;
  }
  const skewMs = theirsMs - wallClockMs();
  const off = `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} the endpoint's`;
  if (Math.abs(skewMs) < SKEW_MS) checkup.add('clock', 'ok', `this machine's clock is ${off}`);
  else
    checkup.add(
      'clock',
      'warn',
      `this machine's clock is ${off}`,
      "Set it (chrony, systemd-timesyncd). xrayd signs with X-Ray's time, but SDKs date their segments with this clock",
    );
}

/** SDKs ask for rules through TCP 2000, so a missing permission or a rule of 0 % looks like missing traces. */
function reportSampling(checkup: Checkup, answer: XRayAnswer, problems: readonly Line[]): void {
  const hint = problems.find(({ fields }) => 'action' in fields);
  if (hint !== undefined) {
    checkup.add('sampling', 'warn', `${hint.message}. Until then SDKs use their local rules`);
    return;
  }
  const records = answer.kind === 'answer' && answer.status === 200 ? rulesIn(answer.body) : undefined;
  if (records === undefined) {
    checkup.add('sampling', 'warn', 'no sampling rules were read: SDKs use their local rules');
    return;
  }
  const last = records.find(({ name }) => name === 'Default');
  const byDefault =
    last === undefined
      ? ''
      : `; Default takes ${last.reservoir} a second and ${Math.round(last.rate * 1000) / 10} % of the rest`;
  if (takeNothing(records))
    checkup.add(
      'sampling',
      'fail',
      `no rule takes any request, so SDKs that follow the rules send nothing${byDefault}`,
      'Raise the rate or the reservoir of a rule: aws xray get-sampling-rules, update-sampling-rule',
    );
  else checkup.add('sampling', 'ok', `${plural(records.length, 'rule')}${byDefault}`);
}

const IMDS_SILENT = /instance metadata[^;]*?(no answer|hop limit|timed? ?out|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/i;

/** What happens to a request for a token of instance metadata, which the SDK's error does not say. */
async function askForToken(env: Environment): Promise<string> {
  const isV6 = /^ipv6$/i.test(env['AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE'] ?? '');
  const base = env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || `http://${isV6 ? '[fd00:ec2::254]' : '169.254.169.254'}`;
  const url = `${base.replace(/\/$/, '')}/latest/api/token`;
  try {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    const { status } = await directCall(url, { method: 'PUT', headers, timeoutMs: TOKEN_MS, maxAnswerBytes: 4_096 });
    return `PUT ${url} answered ${status}`;
  } catch (error) {
    return `PUT ${url}: ${messageOf(error)}`;
  }
}

/** The token's answer to a container needs two hops, and is lost without any error. */
const HOP_LIMIT =
  'Instance metadata does not answer. In a container on EC2 its hop limit must be 2: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ID. Or give the pod or task a role of its own (IRSA, EKS Pod Identity, a task role)';
/** The remedy in the error of the provider. */
const HOP_LIMIT_HINT = /\. In a container on EC2, the hop limit.*$/;

function credentialsRemedy(problem: string): string {
  if (/expired/i.test(problem)) return 'Renew the session: aws sso login, or new keys';
  if (/AccessDenied|not authorized to perform: sts/i.test(problem))
    return 'Correct the trust policy of the role, or its ARN';
  if (IMDS_SILENT.test(problem)) return HOP_LIMIT;
  return 'Give the process a role: IRSA or EKS Pod Identity in Kubernetes, a task role in ECS, an instance profile on EC2; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
