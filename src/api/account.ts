import { createHash, randomUUID } from 'node:crypto';

/** The account of the local X-Ray; both members appear in ARNs. */
export interface Account {
  readonly region: string;
  readonly accountId: string;
}

export function ruleArn({ region, accountId }: Account, name: string): string {
  return `arn:aws:xray:${region}:${accountId}:sampling-rule/${name}`;
}

/** The ARN of the group Default ends with its name; other ARNs end with 52 characters of base32. */
export function groupArn({ region, accountId }: Account, name: string): string {
  const suffix =
    name === 'Default' ? '' : `/${base32(createHash('sha256').update(randomUUID()).digest()).slice(0, 52)}`;
  return `arn:aws:xray:${region}:${accountId}:group/${name}${suffix}`;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}
