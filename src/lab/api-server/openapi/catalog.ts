/**
 * The generated schemas of the built-in kinds, by definition name.
 */
import generated from '../generated/schemas.json' with { type: 'json' }
import { OPEN, type Resolve, type Schema } from './schema.ts'

export const REFERENCE_PREFIX = '#/components/schemas/'

export const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

const definitions = generated as unknown as Readonly<Record<string, Schema>>

/** The schema called `name`, such as `io.k8s.api.core.v1.Pod`. */
export function definition(name: string): Schema | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined
}

/** A schema that refers to the definition called `name`. */
export function reference(name: string): Schema {
  return { $ref: `${REFERENCE_PREFIX}${name}` }
}

/** Follows a reference into the catalog; the extensions beside `$ref` win over those of the definition. */
export const resolveReference: Resolve = (schema) => {
  if (schema.$ref === undefined) return schema
  const found = definition(schema.$ref.slice(REFERENCE_PREFIX.length))
  if (found === undefined) return OPEN
  return Object.keys(schema).length === 1 ? found : mergeSiblings(found, schema)
}

function mergeSiblings(found: Schema, schema: Schema): Schema {
  const { $ref: _, ...siblings } = schema
  return { ...found, ...siblings }
}
