import type { DocumentFacts, Finding, Trace } from '../trace/model.ts';
import { FORMATS, type ReceivedDocument } from './formats.ts';

/** A trace could have one per member of its documents; more would repeat the same. */
const MAX_FINDINGS = 200;

/** What is known of the documents of a trace besides its spans. */
export function documentFactsOf(trace: Trace, documents: readonly ReceivedDocument[]): DocumentFacts {
  return {
    sizes: documents.flatMap((document) => FORMATS[document.format].sizes(document)),
    findings: documentFindings(trace),
  };
}

/** Deviations of a trace's documents from what X-Ray reads in them. */
export function documentFindings(trace: Trace): Finding[] {
  const findings: Finding[] = [];
  const spans = Map.groupBy(trace.spans(), ({ format }) => format);
  for (const [format, ofFormat] of spans) {
    for (const finding of FORMATS[format].findings(ofFormat)) {
      if (findings.length === MAX_FINDINGS) return findings;
      findings.push(finding);
    }
  }
  return findings;
}
