/** A sampling rule in the API's form. Source: X-Ray's model. */
export interface SamplingRule {
  RuleName: string;
  RuleARN: string;
  ResourceARN: string;
  Priority: number;
  FixedRate: number;
  ReservoirSize: number;
  ServiceName: string;
  ServiceType: string;
  Host: string;
  HTTPMethod: string;
  URLPath: string;
  Version: number;
  Attributes: Record<string, string>;
  SamplingRateBoost?: { MaxRate: number; CooldownWindowMinutes: number };
}

/** The properties that rules are matched against; an unknown property matches only `*`. */
export interface SampledRequest {
  readonly serviceName: string;
  readonly serviceType: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
}

/** Rules in the order in which SDKs try them: by priority, then by name. */
export function inOrder(rules: readonly SamplingRule[]): SamplingRule[] {
  return [...rules].sort((a, b) => a.Priority - b.Priority || (a.RuleName < b.RuleName ? -1 : 1));
}

/**
 * The rule that applies to a request. SDKs ignore rules with a resource or attributes. Source: sources of AWS's SDKs.
 */
export function ruleFor(rules: readonly SamplingRule[], request: SampledRequest): SamplingRule | undefined {
  return inOrder(rules).find(
    (rule) =>
      rule.ResourceARN === '*' &&
      Object.keys(rule.Attributes).length === 0 &&
      isLike(request.serviceName, rule.ServiceName) &&
      isLike(request.serviceType, rule.ServiceType) &&
      isLike(request.host, rule.Host) &&
      isLike(request.method, rule.HTTPMethod) &&
      isLike(request.path, rule.URLPath),
  );
}

/** Case-insensitive match with `*` and `?`. Linear in both: no backtracking beyond the last star. */
export function isLike(text: string, pattern: string): boolean {
  const [subject, glob] = [text.toLowerCase(), pattern.toLowerCase()];
  let at = 0;
  let globAt = 0;
  let star = -1;
  let starAt = 0;
  while (at < subject.length) {
    if (globAt < glob.length && glob[globAt] === '*') {
      star = globAt++;
      starAt = at;
    } else if (globAt < glob.length && (glob[globAt] === '?' || glob[globAt] === subject[at])) {
      at++;
      globAt++;
    } else if (star >= 0) {
      globAt = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (glob[globAt] === '*') globAt++;
  return globAt === glob.length;
}
