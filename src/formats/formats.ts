import { parseJson } from '../json/exact-number.ts';
import { isObject } from '../json/json.ts';
import type { DocumentSize, Finding, FormatName, Refusal, Span, TraceDocument } from '../trace/model.ts';
import { documentOf } from './read.ts';
import { readOtlpDocument } from './otlp/document.ts';
import { otlpFindings, segmentSizes } from './otlp/findings.ts';
import { segmentFindings } from './xray/findings.ts';
import { readDocument } from './xray/validate.ts';

/** What the store asks of a format. */
export interface Format {
  /** Reads a document as it was received, or says why X-Ray refuses it. */
  readonly read: (body: string) => TraceDocument | Refusal;
  /** What AWS would silently do differently with these spans because of how their documents represent them. */
  readonly findings: (spans: readonly Span[]) => Iterable<Finding>;
  /** The sizes, in bytes, of the documents that X-Ray would receive. */
  readonly sizes: (document: ReceivedDocument) => readonly DocumentSize[];
}

/** A new format is a row here and one in read.ts. */
export const FORMATS: Readonly<Record<FormatName, Format>> = {
  xray: {
    read: readDocument,
    findings: segmentFindings,
    sizes: (document) => [{ bytes: Buffer.byteLength(document.body), id: () => storedDocument(document).id }],
  },
  otlp: {
    read: readOtlpDocument,
    findings: otlpFindings,
    sizes: (document) => segmentSizes(storedDocument(document).tops),
  },
};

/** A document as it was sent, with the tag that it is stored with. */
export interface ReceivedDocument {
  readonly format: FormatName;
  readonly body: string;
}

/** What is stored is not a document any more: another program changed the file, or the disk lost a part of it. */
export class DamagedDocumentError extends Error {
  constructor() {
    super('a stored document cannot be read');
  }
}

/**
 * Reads a document that `read` has accepted, the `arrival`th of its trace, with every number as it was sent. Throws
 * DamagedDocumentError.
 */
export function storedDocument({ format, body }: ReceivedDocument, arrival = 0): TraceDocument {
  const json = jsonOf(body);
  if (!isObject(json) || !Object.hasOwn(FORMATS, format)) throw new DamagedDocumentError();
  return documentOf(format, json, arrival);
}

/** The message of a SyntaxError quotes the text, which may be confidential. */
function jsonOf(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    throw new DamagedDocumentError();
  }
}
