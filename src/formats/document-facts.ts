import type { DocumentFacts, Finding, Trace } from '../trace/model.ts';
import { FORMATS, storedDocument, type ReceivedDocument } from './formats.ts';

/** A trace could have one per member of its documents; more would repeat the same. */
const MAX_FINDINGS = 200;

/** What is known of the documents of a trace besides its spans. */
export function documentFactsOf(trace: Trace, documents: readonly ReceivedDocument[]): DocumentFacts {
  return {
    sizes: documents.map((document) => ({
      bytes: Buffer.byteLength(document.body),
      id: () => storedDocument(document).id,
    })),
    findings: documentFindings(trace),
  };
}

/** Deviations of a trace's documents from what X-Ray reads in them. */
export function documentFindings(trace: Trace): Finding[] {
  const findings: Finding[] = [];
  for (const span of trace.spans()) {
    for (const finding of FORMATS[span.format].findings(span)) {
      if (findings.length === MAX_FINDINGS) return findings;
      findings.push(finding);
    }
  }
  return findings;
}
