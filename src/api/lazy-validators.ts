import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

/** As ajv's: whether the data is valid, and after a call that returned false, why. */
interface Validator {
  (data: unknown): boolean;
  errors: ErrorObject[] | null;
}

/**
 * Gives fastify validators that compile their schema at their first call. To compile the schemas of all operations at
 * the start took a quarter of its CPU time, and a process is asked for few of them.
 */
export function lazyValidators(): (route: { schema: object }) => Validator {
  const ajv = new Ajv({ allErrors: true, removeAdditional: 'all', strict: false });
  return ({ schema }) => {
    let compiled: ValidateFunction | undefined;
    const validator: Validator = (data) => {
      compiled ??= ajv.compile(schema);
      const isValid = compiled(data);
      validator.errors = compiled.errors ?? null;
      return isValid;
    };
    validator.errors = null;
    return validator;
  };
}
