/**
 * Checks data from outside against a JSON Schema. The only importer of ajv.
 */
import { Ajv, type ErrorObject } from 'ajv'

/** A JSON Schema, draft 7. */
export type Schema = Readonly<Record<string, unknown>>

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  /** `reason` names the place and the rule, never the value itself. */
  | { readonly ok: false; readonly reason: string }

/** Says whether a value has the shape, and why not. */
export type SchemaCheck<T> = (value: unknown) => Checked<T>

/**
 * Compiles `schema` (takes milliseconds: do it once). Properties the schema does not know are removed from the value
 * where it says `additionalProperties: false`, so that an older reader understands a newer writer.
 */
export function compileSchema<T>(schema: Schema): SchemaCheck<T> {
  const validate = new Ajv({ removeAdditional: true, discriminator: true, allowUnionTypes: true }).compile<T>(
    schema,
  )
  return (value) =>
    validate(value) ? { ok: true, value } : { ok: false, reason: describe(validate.errors ?? []) }
}

function describe([first]: readonly ErrorObject[]): string {
  if (first === undefined) return 'does not match'
  return `${first.instancePath === '' ? 'the value' : first.instancePath.slice(0, 200)} ${first.message ?? 'is wrong'}`
}
