/** A JSON schema as fastify checks it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Members and constraints of X-Ray's requests. Source: X-Ray's published service model, 2016-04-12. */
export function request(properties: Readonly<Record<string, JsonSchema>>, ...required: string[]): JsonSchema {
  return { type: 'object', properties, required };
}

export const boolean: JsonSchema = { type: 'boolean' };
/** Seconds since the epoch. A text is refused, as AWS does. */
export const timestamp: JsonSchema = { type: 'number' };
export const token: JsonSchema = { type: 'string' };
/** Tokens of insights are longer than others. */
export const insightToken = text(1, 2_000);
export const shortToken = text(1, 100);

export function text(minLength = 0, maxLength?: number): JsonSchema {
  return { type: 'string', minLength, ...(maxLength === undefined ? {} : { maxLength }) };
}

export function oneOf(...values: string[]): JsonSchema {
  return { type: 'string', enum: values };
}

/** Of 32 bits: AWS's SDKs for Go and Java could not read a larger one that came back. */
export function integer(minimum = -(2 ** 31), maximum = 2 ** 31 - 1): JsonSchema {
  return { type: 'integer', minimum, maximum };
}

export function number(minimum: number, maximum: number): JsonSchema {
  return { type: 'number', minimum, maximum };
}

export function list(items: JsonSchema, minItems = 0, maxItems?: number): JsonSchema {
  return { type: 'array', items, minItems, ...(maxItems === undefined ? {} : { maxItems }) };
}

/** `patternProperties`, because the validator throws away what `additionalProperties` would check. */
export function mapOf(maxProperties: number, propertyNames: JsonSchema, values: JsonSchema): JsonSchema {
  return { type: 'object', maxProperties, propertyNames, patternProperties: { '^': values } };
}

export const filter = text(1);
/** What a person imports by hand may be more than a call of X-Ray takes. */
export const MAX_IMPORTED_DOCUMENTS = 1_000;
export const importedDocuments = list({ type: 'string' }, 0, MAX_IMPORTED_DOCUMENTS);
export const groupName = text(1, 32);
export const groupArn = text(1, 400);
export const traceIds = list(text(1, 35));
export const arn = text(1, 1_011);
export const insightId: JsonSchema = {
  type: 'string',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$',
};
export const tags = list(request({ Key: text(1, 128), Value: text(0, 256) }, 'Key', 'Value'), 0, 200);
export const insightsConfiguration = request({ InsightsEnabled: boolean, NotificationsEnabled: boolean });

const ruleMembers = {
  RuleName: text(1, 32),
  RuleARN: text(),
  ResourceARN: text(0, 500),
  Priority: integer(1, 9_999),
  FixedRate: number(0, 1),
  ReservoirSize: integer(0),
  ServiceName: text(0, 64),
  ServiceType: text(0, 64),
  Host: text(0, 64),
  HTTPMethod: text(0, 10),
  URLPath: text(0, 128),
  Attributes: mapOf(5, text(1, 32), text(1, 32)),
  SamplingRateBoost: request({ MaxRate: number(0, 1), CooldownWindowMinutes: integer(0) }),
};

export const samplingRule = request(
  { ...ruleMembers, Version: integer(1) },
  'ResourceARN',
  'Priority',
  'FixedRate',
  'ReservoirSize',
  'ServiceName',
  'ServiceType',
  'Host',
  'HTTPMethod',
  'URLPath',
  'Version',
);
export const samplingRuleUpdate = request(ruleMembers);
