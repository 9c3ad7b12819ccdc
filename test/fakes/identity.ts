import { FakeServer, json, type Behaviour, type RecordedRequest } from './server.ts';
import { signatureProblem, type KnownCredentials } from './sigv4.ts';

let counter = 0;

/** New temporary credentials, different each time. */
export function issue(lifetimeMs = 3_600_000): Required<KnownCredentials> & { expiration: Date } {
  counter++;
  return {
    accessKeyId: `ASIATEMPORARY${String(counter).padStart(4, '0')}`,
    secretAccessKey: `secret-${counter}`,
    sessionToken: `token-${counter}`,
    expiration: new Date(Date.now() + lifetimeMs),
  };
}

/**
 * STS: AssumeRoleWithWebIdentity, AssumeRole, GetCallerIdentity. Issues credentials only for a known token or
 * signature.
 */
export class FakeSts extends FakeServer {
  /** Who may sign AssumeRole and GetCallerIdentity. */
  callers: readonly KnownCredentials[] = [];
  readonly issued: (Required<KnownCredentials> & { expiration: Date })[] = [];
  readonly roles = new Set(['arn:aws:iam::123456789012:role/app', 'arn:aws:iam::999999999999:role/xray']);
  webIdentityToken = '';
  externalId = '';
  lifetimeMs = 3_600_000;
  region = 'us-east-1';

  protected override answer(request: RecordedRequest): Behaviour {
    const form = new URLSearchParams(request.body.toString());
    switch (form.get('Action')) {
      case 'AssumeRoleWithWebIdentity':
        if (!this.isKnownToken(form.get('WebIdentityToken') ?? ''))
          return stsError(400, 'InvalidIdentityToken', 'The token is expired or unknown');
        return this.#assume('AssumeRoleWithWebIdentity', form);
      case 'AssumeRole':
        if (signatureProblem(request, 'sts', this.region, this.callers) !== undefined)
          return stsError(403, 'SignatureDoesNotMatch', 'bad signature');
        if ((form.get('ExternalId') ?? '') !== this.externalId)
          return stsError(403, 'AccessDenied', 'not authorized to perform: sts:AssumeRole');
        return this.#assume('AssumeRole', form);
      case 'GetCallerIdentity':
        if (signatureProblem(request, 'sts', this.region, this.callers) !== undefined)
          return stsError(403, 'SignatureDoesNotMatch', 'bad signature');
        return xml(
          'GetCallerIdentity',
          '<Arn>arn:aws:iam::123456789012:user/dev</Arn><UserId>AIDA</UserId><Account>123456789012</Account>',
        );
      default:
        return stsError(400, 'InvalidAction', 'unknown action');
    }
  }

  protected isKnownToken(token: string): boolean {
    return token === this.webIdentityToken;
  }

  #assume(action: string, form: URLSearchParams): Behaviour {
    const role = form.get('RoleArn') ?? '';
    if (!this.roles.has(role)) return stsError(403, 'AccessDenied', `not authorized to perform: sts:${action}`);
    const found = issue(this.lifetimeMs);
    this.issued.push(found);
    const credentials = `<Credentials><AccessKeyId>${found.accessKeyId}</AccessKeyId><SecretAccessKey>${found.secretAccessKey}</SecretAccessKey><SessionToken>${found.sessionToken}</SessionToken><Expiration>${found.expiration.toISOString()}</Expiration></Credentials>`;
    const arn = `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${form.get('RoleSessionName')}`;
    return xml(
      action,
      `${credentials}<AssumedRoleUser><Arn>${arn}</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser>`,
    );
  }
}

function xml(action: string, result: string): Behaviour {
  const body = `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function stsError(status: number, code: string, message: string): Behaviour {
  const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

/** The EKS Pod Identity agent and the ECS agent: credentials for clients with the token. */
export class FakeContainerCredentials extends FakeServer {
  token = '';
  lifetimeMs = 3_600_000;
  readonly issued: (Required<KnownCredentials> & { expiration: Date })[] = [];

  protected override answer(request: RecordedRequest): Behaviour {
    if (request.method !== 'GET' || request.target !== '/v1/credentials') return json({ message: 'not found' }, 404);
    if (request.headers['authorization'] !== this.token)
      return json({ message: 'Service Account Token is missing or invalid' }, 400);
    const found = issue(this.lifetimeMs);
    this.issued.push(found);
    return json({
      AccessKeyId: found.accessKeyId,
      SecretAccessKey: found.secretAccessKey,
      Token: found.sessionToken,
      AccountId: '123456789012',
      Expiration: found.expiration.toISOString(),
    });
  }
}

/** EC2 instance metadata, version 2 only: refuses a GET without a session token, as with IMDSv1 disabled. */
export class FakeImds extends FakeServer {
  region = 'eu-central-1';
  role = 'node-role';
  isHanging = false;
  readonly issued: (Required<KnownCredentials> & { expiration: Date })[] = [];

  protected override answer({ method, target, headers }: RecordedRequest): Behaviour {
    if (this.isHanging) return 'hang';
    if (method === 'PUT' && target === '/latest/api/token') {
      if (!/^\d+$/.test(headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? '')) return { status: 400 };
      return { status: 200, body: 'imds-session' };
    }
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-session') return { status: 401 };
    const base = '/latest/meta-data/iam/security-credentials/';
    if (target === '/latest/meta-data/placement/region') return { status: 200, body: this.region };
    if (target === '/latest/meta-data/instance-id') return { status: 200, body: 'i-0123456789abcdef0' };
    if (target === '/latest/meta-data/hostname') return { status: 200, body: 'ip-10-0-0-1.ec2.internal' };
    if (target === base) return { status: 200, body: this.role };
    if (target !== base + this.role) return { status: 404 };
    const found = issue();
    this.issued.push(found);
    return json({
      Code: 'Success',
      Type: 'AWS-HMAC',
      LastUpdated: new Date().toISOString(),
      AccessKeyId: found.accessKeyId,
      SecretAccessKey: found.secretAccessKey,
      Token: found.sessionToken,
      Expiration: found.expiration.toISOString(),
    });
  }
}

/**
 * IAM Identity Center: role credentials for clients with the access token. Source: GetRoleCredentials of the SSO portal
 * API.
 */
export class FakeSso extends FakeServer {
  accessToken = '';
  readonly issued: (Required<KnownCredentials> & { expiration: Date })[] = [];

  protected override answer({ target, headers }: RecordedRequest): Behaviour {
    if (!target.startsWith('/federation/credentials?')) return json({ message: 'not found' }, 404);
    if (headers['x-amz-sso_bearer_token'] !== this.accessToken)
      return json({ message: 'Session token not found or invalid' }, 401);
    const found = issue();
    this.issued.push(found);
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = found;
    return json({ roleCredentials: { accessKeyId, secretAccessKey, sessionToken, expiration: expiration.getTime() } });
  }
}

/** The ECS metadata endpoint, version 4. */
export class FakeEcsMetadata extends FakeServer {
  protected override answer({ target }: RecordedRequest): Behaviour {
    return target === '/v4/abc/task'
      ? json({ TaskARN: 'arn:aws:ecs:ap-southeast-2:123456789012:task/cluster/abc' })
      : json({}, 404);
  }
}
