import type { ReceivedJson } from '../../../src/api/page-types.ts';
import { segmentsOf } from '../../../src/formats/read.ts';
import type { Json } from '../../../src/json/json.ts';

/** The forms in which the documents of a trace can be shown: as they came, and as X-Ray gets them. */
export const RAW_FORMS = { '': 'As received', segments: 'As X-Ray gets them' } as const;
export type RawForm = keyof typeof RAW_FORMS;

/** Whether X-Ray gets another document than the one that came. */
export function isConverted({ format }: ReceivedJson): boolean {
  return format !== 'xray';
}

export function documentsIn(form: RawForm, received: readonly ReceivedJson[]): readonly Json[] {
  return received.flatMap((each) => (form === 'segments' ? segmentsOf(each.format, each.document) : each.document));
}
