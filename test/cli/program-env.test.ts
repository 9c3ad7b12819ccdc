import { expect, test } from 'vitest';
import { programEnv } from '../../src/cli/program-env.ts';

const XRAY = {
  otlpGrpcUrl: 'http://127.0.0.1:2',
  env: {
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:1',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  },
};

function envOf(env: Record<string, string>): { env: Record<string, unknown>; said: string } {
  let said = '';
  return { env: programEnv(env, XRAY, (text) => (said += text)), said };
}

test('the program gets the variables of both kinds of SDKs, and keeps its own', () => {
  expect(envOf({ HOME: '/', OTEL_EXPORTER_OTLP_PROTOCOL: '' })).toEqual({ env: { HOME: '/', ...XRAY.env }, said: '' });
});

test('what the user has set for OpenTelemetry is kept', () => {
  const own = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '1000', OTEL_SERVICE_NAME: 'a' };
  expect(envOf(own).env).toEqual({ ...XRAY.env, ...own });
});

test.each(['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'])(
  'a program that exports by gRPC (%s) gets the endpoint of gRPC',
  (name) => {
    expect(envOf({ [name]: 'grpc' }).env).toMatchObject({
      [name]: 'grpc',
      OTEL_EXPORTER_OTLP_ENDPOINT: XRAY.otlpGrpcUrl,
    });
  },
);

test.each(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'])(
  'if the user sends spans elsewhere (%s), nothing is changed, and xrayd says so',
  (name) => {
    const { env, said } = envOf({ [name]: 'http://me:secret@collector:4318', AWS_XRAY_DAEMON_ADDRESS: 'x' });
    expect(env).toEqual({ [name]: 'http://me:secret@collector:4318', AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:1' });
    expect(said).toBe(`xrayd: OpenTelemetry spans go to ${name}=http://***@collector:4318, not to this local X-Ray\n`);
  },
);
