import type { ConversionChoice } from '../../../trace/conversion.ts';

/** The choice, as the conversion reads it. */
export interface ConversionOptions extends Omit<ConversionChoice, 'indexedAttributes'> {
  readonly indexedAttributes: ReadonlySet<string>;
}

export const DEFAULT_OPTIONS: ConversionOptions = {
  indexedAttributes: new Set(),
  indexAllAttributes: false,
  awsLogGroups: [],
  remoteParentIsLocalRoot: false,
};

export function optionsOf(choice: ConversionChoice): ConversionOptions {
  return { ...choice, indexedAttributes: new Set(choice.indexedAttributes) };
}

let storedOptions = DEFAULT_OPTIONS;

/**
 * How stored spans are shown as segments. The local X-Ray decides that once: each thread of its store, and the page,
 * learns it before it reads a document. undefined: as by default.
 */
export function convertStoredWith(choice: ConversionChoice | undefined): void {
  storedOptions = choice === undefined ? DEFAULT_OPTIONS : optionsOf(choice);
}

export function optionsOfStored(): ConversionOptions {
  return storedOptions;
}
