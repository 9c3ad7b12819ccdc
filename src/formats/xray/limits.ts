/**
 * X-Ray takes at most 50 documents in a call. Source: the reference daemon's batch size;
 * open-telemetry/opentelemetry-collector-contrib#203.
 */
export const MAX_DOCUMENTS_PER_CALL = 50;
