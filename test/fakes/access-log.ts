interface Entry {
  readonly type?: string;
  readonly time?: string;
  readonly created?: string;
  readonly balancer?: string;
  readonly target?: string;
  readonly times?: string;
  readonly statuses?: string;
  readonly request?: string;
  readonly userAgent?: string;
  readonly trace?: string;
  readonly rule?: string;
  readonly actions?: string;
  readonly redirectUrl?: string;
  readonly errorReason?: string;
  readonly classification?: string;
  /** Fields that AWS added later. */
  readonly more?: string;
}

/** A line of an ALB's access log, in the order of AWS's documented fields. */
export function accessLogLine({
  type = 'https',
  time = '2026-11-29T12:00:01.283500Z',
  created = '2026-11-29T12:00:00.000000Z',
  balancer = 'app/shop/50dc6c495c0c9188',
  target = '10.0.0.1:80',
  times = '0.001 1.281 0.001',
  statuses = '500 500',
  request = 'POST https://shop.example:443/checkout HTTP/2.0',
  userAgent = 'curl/8.5.0',
  trace = '-',
  rule = '3',
  actions = 'forward',
  redirectUrl = '-',
  errorReason = '-',
  classification = '"-" "-"',
  more = 'TID_dc0a5cd0c7c7f2a3',
}: Entry = {}): string {
  const group = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067';
  return `${type} ${time} ${balancer} 203.0.113.7:2817 ${target} ${times} ${statuses} 34 366 "${request}" "${userAgent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 ${group} "${trace}" "shop.example" "arn:aws:acm:us-east-1:123456789012:certificate/1" ${rule} ${created} "${actions}" "${redirectUrl}" "${errorReason}" "${target}" "500" ${classification} ${more}`.trimEnd();
}
