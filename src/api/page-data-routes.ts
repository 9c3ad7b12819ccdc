import { TRACE_ID } from '../formats/xray/validate.ts';
import { arrayOf } from '../json/json.ts';
import { emptyRefusals, noSuchTrace, unprocessed } from './api-error.ts';
import { IMPORT, withDocuments } from './documents-body.ts';
import type { XRayBackend } from './backend.ts';
import type { ApiServer } from './operation.ts';
import { OneTrace, traceIdOf } from './query-string.ts';
import * as Type from './type.ts';

/** Lines of access logs of Application Load Balancers. */
const AccessLog = Type.Object({ Lines: Type.Array(Type.String()) });
const Pin = Type.Object({ Pinned: Type.Optional(Type.Boolean()) });

/** xrayd's own routes, under /api, apart from AWS's operations. */
export function addPageDataRoutes(app: ApiServer, backend: XRayBackend): void {
  const { store, ingest, feed, sampling } = backend;
  app.get('/api/traces/:id/findings', { schema: { params: OneTrace } }, async ({ params }, reply) => {
    const id = traceIdOf(params);
    const found = TRACE_ID.test(id) ? await store.read('findings', { id, rules: sampling.rulesOfAws }) : undefined;
    const refused = ingest.refusalsOf(id).map(({ id: segment, code, message }) => ({
      code: 'refused',
      id: segment,
      message: `a document was refused: ${message}`,
      remedy: REMEDIES[code] ?? 'See the X-Ray segment documents page of the developer guide.',
    }));
    if (found === undefined && refused.length === 0) throw noSuchTrace();
    return reply.send({ TraceId: id, Findings: [...arrayOf(JSON.parse(found ?? '[]')), ...refused] });
  });
  app.get('/api/traces/:id/logs', { schema: { params: OneTrace } }, async ({ params }, reply) => {
    const id = traceIdOf(params);
    const logs = await store.read('logs', { id });
    return reply.type('application/json').send(`{"TraceId":${JSON.stringify(id)},"Logs":${logs}}`);
  });
  app.get('/api/traces/:id/originals', { schema: { params: OneTrace } }, async ({ params }, reply) => {
    const documents = await store.read('originals', { id: traceIdOf(params) });
    if (documents.length === 0) throw noSuchTrace();
    return reply.send({ Documents: documents });
  });
  app.post(
    '/api/traces/:id/pin',
    { schema: { params: OneTrace, body: Pin } },
    async ({ params, body: { Pinned = true } }) => {
      const id = traceIdOf(params);
      if (!(await store.write('pin', { traceId: id, isPinned: Pinned }))) throw noSuchTrace();
      return { TraceId: id, Pinned };
    },
  );
  app.post('/api/import', { config: { takesDocuments: true } }, async (request) => {
    return withDocuments(request, IMPORT, async ({ documents, empty }) => {
      const refused = await backend.import(documents);
      return { Stored: documents.length - refused.length, Refused: unprocessed([...emptyRefusals(empty), ...refused]) };
    });
  });
  app.post('/api/access-log', { schema: { body: AccessLog } }, async ({ body: { Lines } }) => {
    const { attached, known, missing, beyond, unreadable } = await ingest.attachLines(Lines);
    return {
      Attached: attached,
      Known: known,
      Missing: missing,
      Beyond: beyond,
      Unreadable: unreadable,
    };
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
