import type { Config } from '../config/schema.ts';
import { itemsOf } from '../pipeline/list.ts';
import type { ConversionChoice } from '../trace/conversion.ts';

type ChoiceConfig = Pick<
  Config<'daemon' | 'local'>,
  'indexedAttributes' | 'indexAllAttributes' | 'awsLogGroups' | 'remoteParentIsLocalRoot'
>;

/** How the user wants spans to be converted to segments; in both modes. */
export function conversionChoiceOf(config: ChoiceConfig): ConversionChoice {
  return {
    indexedAttributes: itemsOf(config.indexedAttributes),
    indexAllAttributes: config.indexAllAttributes,
    awsLogGroups: itemsOf(config.awsLogGroups),
    remoteParentIsLocalRoot: config.remoteParentIsLocalRoot,
  };
}
