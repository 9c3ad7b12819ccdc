/**
 * The builders of typebox that schemas use. scripts/build.ts bundles this file on its own, so that only they are in the
 * bundle.
 */
export {
  Array,
  Boolean,
  Enum,
  Integer,
  Number,
  Object,
  Optional,
  String,
  Unknown,
  Unsafe,
  type Static,
  type TEnum,
  type TInteger,
  type TSchema,
} from 'typebox';
