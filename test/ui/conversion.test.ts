import './browser-globals.ts';
import { expect, test } from 'vitest';
import type { Json } from '../../src/json/json.ts';
import type { ConversionChoice } from '../../src/trace/conversion.ts';
import { writeTracesJson } from '../../src/formats/otlp/write-json.ts';
import { modelOf } from '../../ui/src/trace/model.ts';
import { attributes, span, traces } from '../fakes/otlp.ts';
import { NOW } from './models.ts';

const CHOICE: ConversionChoice = {
  indexedAttributes: ['customer'],
  indexAllAttributes: false,
  awsLogGroups: [],
  remoteParentIsLocalRoot: false,
};

function annotationsWith(conversion?: ConversionChoice): Json {
  const data = traces([span({ attributes: attributes({ customer: 'c-1042', tier: 'gold' }) })]);
  const document = JSON.parse(writeTracesJson(data)) as Json;
  const { roots } = modelOf(
    {
      id: '1-x',
      revision: 1,
      received: NOW,
      bytes: 1,
      isPinned: false,
      isSampled: true,
      documents: [{ format: 'otlp', document }],
      ...(conversion === undefined ? {} : { conversion }),
    },
    NOW,
  );
  return roots[0]!.entity.annotations;
}

test('the page shows the annotations that the local X-Ray is told to make', () => {
  expect(annotationsWith(CHOICE)).toEqual({ customer: 'c-1042' });
  expect(annotationsWith({ ...CHOICE, indexedAttributes: [], indexAllAttributes: true })).toEqual({
    customer: 'c-1042',
    tier: 'gold',
  });
  expect(annotationsWith()).toEqual({});
});
