import type { LocalXRay } from '../compose/library-types.ts';
import type { Environment } from '../pipeline/environment.ts';
import { redactUrl } from '../config/option.ts';
import { oneLine } from '../pipeline/one-line.ts';

/** The variables by which a user sends spans elsewhere. */
const ELSEWHERE = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

/**
 * The environment of the program that `xrayd run` starts: X-Ray's variables lead to `xray`, and those of OpenTelemetry
 * too, unless the user has set them. `say` is told if spans go elsewhere.
 */
export function programEnv(
  env: Environment,
  { env: given, otlpGrpcUrl }: Pick<LocalXRay, 'env' | 'otlpGrpcUrl'>,
  say: (text: string) => void,
): Environment {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  const elsewhere = ELSEWHERE.find(isSet);
  if (elsewhere !== undefined)
    say(
      `xrayd: OpenTelemetry spans go to ${elsewhere}=${oneLine(redactUrl(env[elsewhere] ?? ''))}, not to this local X-Ray\n`,
    );
  const isGrpc = (env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL']) === 'grpc';
  const ours = isGrpc ? { ...given, OTEL_EXPORTER_OTLP_ENDPOINT: otlpGrpcUrl } : given;
  const isOurs = ([name]: [string, string]): boolean =>
    !name.startsWith('OTEL_') || (elsewhere === undefined && !isSet(name));
  return { ...env, ...Object.fromEntries(Object.entries(ours).filter(isOurs)) };
}
