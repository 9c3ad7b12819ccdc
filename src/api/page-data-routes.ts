import type { FastifyInstance } from 'fastify';
import { TRACE_ID } from '../formats/xray/validate.ts';
import { emptyRefusals, noSuchTrace, unprocessed } from './api-error.ts';
import { IMPORT, withDocuments } from './documents-body.ts';
import type { XRayBackend } from './backend.ts';
import { boolean, request } from './schemas.ts';

/** Ours beside X-Ray's operations, under /api: never mixed into AWS's answers. */
export function addPageDataRoutes(app: FastifyInstance, backend: XRayBackend): void {
  const { store, ingest, feed, sampling } = backend;
  app.get('/api/traces/:id/findings', async ({ params }, reply) => {
    const { id } = params as { id: string };
    const found = TRACE_ID.test(id) ? await store.read('findings', { id, rules: sampling.rulesOfAws }) : undefined;
    const refused = ingest.refusalsOf(id).map(({ id: segment, code, message }) => ({
      code: 'refused',
      id: segment,
      message: `a document was refused: ${message}`,
      remedy: REMEDIES[code] ?? 'See the X-Ray segment documents page of the developer guide.',
    }));
    if (found === undefined && refused.length === 0) throw noSuchTrace();
    return reply.send({ TraceId: id, Findings: [...(JSON.parse(found ?? '[]') as object[]), ...refused] });
  });
  app.get('/api/traces/:id/originals', async ({ params }, reply) => {
    const documents = await store.read('originals', { id: (params as { id: string }).id });
    if (documents.length === 0) throw noSuchTrace();
    return reply.send({ Documents: documents });
  });
  app.post('/api/traces/:id/pin', { schema: { body: request({ Pinned: boolean }) } }, async ({ params, body }) => {
    const { Pinned = true } = body as { Pinned?: boolean };
    const { id } = params as { id: string };
    if (!(await store.write('pin', { traceId: id, isPinned: Pinned }))) throw noSuchTrace();
    return { TraceId: id, Pinned };
  });
  app.post('/api/import', { config: { takesDocuments: true } }, async (call) => {
    return withDocuments(call, IMPORT, async ({ documents, empty }) => {
      const refused = await backend.put(documents, { isImport: true });
      return { Stored: documents.length - refused.length, Refused: unprocessed([...emptyRefusals(empty), ...refused]) };
    });
  });
  app.post('/api/clear', async () => {
    await store.write('clear', {});
    feed.everythingChanged();
    return {};
  });
  app.get('/api/store', async () => store.read('size', {}));
}

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidName: 'Names may have letters, digits, spaces and _ . : / % & # = + \\ - @; up to 200 characters.',
  MissingName: 'Give the segment a name.',
  InvalidTraceId: 'A trace id is 1-, 8 hex digits, -, 24 hex digits.',
  InvalidId: 'A segment id is 16 hex digits.',
  MissingEndTime: 'End the segment, or send it with in_progress.',
  MissingParentId: 'A subsegment that is sent alone names its parent in parent_id.',
};
