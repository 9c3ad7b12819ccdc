import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { eventually } from '../fakes/eventually.ts';
import { FakeSts } from '../fakes/identity.ts';
import { scrape } from '../fakes/metrics.ts';
import { ledgerOf, type Ledger } from '../faults/ledger.ts';

/** The node's address: pods reach the fakes of this process there. */
export const NODE_IP = '10.97.0.1';
export const CHART = 'deploy/helm/aws-xray';
export const ROLE = 'arn:aws:iam::123456789012:role/app';

/** Runs a program beside the fakes, which go on answering; says how it ended and what it printed. */
async function run(
  program: string,
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; output: string; stdout: string }> {
  const child = spawn(program, args);
  let [output, stdout] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, stdout };
}

/** Runs kubectl and returns what it printed; throws with its error. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, output, stdout } = await run('kubectl', args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${output}`);
  return stdout;
}

/** Where the sender finds its documents in this repository; in a pod they lie beside it. */
const DOCUMENTS = '../../../bench/load/documents.ts';
let counter = 0;

/** A namespace of its own for a test, with a level of Pod Security to enforce. */
export class Namespace {
  readonly name = `t${process.pid}-${counter++}`;

  async create(podSecurity: 'privileged' | 'restricted'): Promise<this> {
    await kubectl(['create', 'namespace', this.name]);
    await kubectl(['label', 'namespace', this.name, `pod-security.kubernetes.io/enforce=${podSecurity}`]);
    return this;
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    return kubectl(['-n', this.name, ...args], input);
  }

  async apply(...objects: readonly object[]): Promise<void> {
    await this.kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  }

  /** Runs helm. Its exit code says nothing of the pods. */
  helm(...args: string[]): Promise<{ code: number | null; output: string }> {
    return run('helm', ['-n', this.name, ...args]);
  }

  /** Waits until the DaemonSet has the pods it wants, all of them ready and of the newest template. */
  async rollout(what = 'daemonset/aws-xray'): Promise<void> {
    try {
      await this.kubectl(['rollout', 'status', what, '--timeout=90s']);
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.describe()}`, { cause: error });
    }
  }

  /** What a person would look at when pods do not come up. */
  async describe(): Promise<string> {
    const questions = ['get pods -o wide', 'get events', 'logs -l app.kubernetes.io/name=aws-xray --tail=20'];
    const answers = await Promise.all(questions.map((words) => run('kubectl', ['-n', this.name, ...words.split(' ')])));
    return answers.map(({ output }) => output).join('\n');
  }

  async pods(selector = 'app.kubernetes.io/name=aws-xray'): Promise<Pod[]> {
    return (JSON.parse(await this.kubectl(['get', 'pods', '-l', selector, '-o', 'json'])) as { items: Pod[] }).items;
  }

  /** The one daemon that runs and is not about to end. */
  async daemon(): Promise<Pod> {
    const [pod] = (await this.pods()).filter(
      ({ metadata, status }) => metadata.deletionTimestamp === undefined && status.podIP !== undefined,
    );
    if (pod === undefined) throw new Error(`no daemon runs\n${await this.describe()}`);
    return pod;
  }

  /** One scrape of the daemon. */
  async metrics(): Promise<Record<string, number>> {
    return scrape(`http://${(await this.daemon()).status.podIP}:2001`);
  }

  async ledger(): Promise<Ledger> {
    return ledgerOf(await this.metrics());
  }

  /**
   * Starts a pod that sends numbered segments to `target`; `sent()` waits for its end and says how many. It looks
   * `target` up for each, or once.
   */
  async startSender(
    target: string,
    perSecond: number,
    seconds: number,
    lookups: 'each' | 'once' = 'each',
  ): Promise<{ sent: () => Promise<number> }> {
    const name = `sender-${counter++}`;
    const files = {
      'sender.ts': readFileSync('test/cluster/pods/sender.ts', 'utf8').replace(DOCUMENTS, './documents.ts'),
      'documents.ts': readFileSync('bench/load/documents.ts', 'utf8'),
    };
    await this.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: files },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 0,
          securityContext: { runAsNonRoot: true, runAsUser: 10002, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'sender',
              image: 'localhost/xrayd:test',
              imagePullPolicy: 'Never',
              command: ['/nodejs/bin/node', '/scripts/sender.ts', target, String(perSecond), String(seconds), lookups],
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              volumeMounts: [{ name: 'scripts', mountPath: '/scripts' }],
            },
          ],
          volumes: [{ name: 'scripts', configMap: { name } }],
        },
      },
    );
    return {
      sent: async () => {
        let log = '';
        await eventually(
          async () => (log = await this.logs(name)).includes('\nsent ') || log.startsWith('sent '),
          (seconds + 60) * 1000,
          'the sender did not end',
        );
        return Number(/^sent (\d+)$/m.exec(log)?.[1]);
      },
    };
  }

  async logs(pod: string): Promise<string> {
    return (await run('kubectl', ['-n', this.name, 'logs', pod])).output;
  }

  /** Removes it and all that is in it; waits until the pods are gone, since they hold the node's ports. */
  async remove(): Promise<void> {
    await kubectl(['delete', 'namespace', this.name, '--wait=true', '--timeout=90s']);
  }
}

export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Record<string, string>;
  };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: { restartCount: number; lastState: { terminated?: { reason: string } } }[];
  };
}

type Jwk = webcrypto.JsonWebKey & { kid: string };

/**
 * STS as IRSA sees it: gives the role to a token that this cluster signed, for this audience and this service account.
 */
export class ClusterSts extends FakeSts {
  readonly #subject: string;
  #keys: Jwk[] = [];

  constructor(subject: string) {
    super();
    this.#subject = subject;
  }

  override async start(port: number, host: string): Promise<this> {
    ({ keys: this.#keys } = JSON.parse(await kubectl(['get', '--raw', '/openid/v1/jwks'])) as { keys: Jwk[] });
    return super.start(port, host);
  }

  protected override isKnownToken(token: string): boolean {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { kid } = parsePart(header) as { kid: string };
    const key = this.#keys.find((one) => one.kid === kid);
    if (key === undefined) return false;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url')))
      return false;
    const { aud, sub } = parsePart(payload) as { aud: string[]; sub: string };
    return aud.includes('sts.amazonaws.com') && sub === this.#subject;
  }
}

function parsePart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown;
}

/** What EKS's webhook adds to the pod of an annotated service account, as values; and the fakes in place of AWS. */
export function irsaValues(xrayUrl: string, stsUrl: string): object {
  const folder = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
  return {
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': ROLE } },
    xray: { region: 'us-east-1', loglevel: 'prod', endpoint: xrayUrl },
    image: { repository: 'localhost/xrayd', tag: 'test', pullPolicy: 'Never' },
    extraEnv: [
      { name: 'AWS_ROLE_ARN', value: ROLE },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${folder}/token` },
      { name: 'AWS_ENDPOINT_URL_STS', value: stsUrl },
      { name: 'AWS_EC2_METADATA_DISABLED', value: 'true' },
    ],
    extraVolumes: [
      {
        name: 'aws-iam-token',
        projected: {
          sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 3600, path: 'token' } }],
        },
      },
    ],
    extraVolumeMounts: [{ name: 'aws-iam-token', mountPath: folder, readOnly: true }],
  };
}
