/**
 * What the installed CustomResourceDefinition of ServiceImports can hold: older releases lack a field, and the API server
 * drops what it does not know.
 */
import { MCS_GROUP } from '../api/names.ts'
import type { KubeObject } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'

/** The definition, reduced to the one thing that is asked of it. */
export interface ImportDefinition extends KubeObject {
  /** `status.endpointSliceObjects` is in the schema (mcs-api v0.5.1). */
  readonly statesSlices?: boolean
}

/** Name of the definition; the only one that the controller may read. */
export const IMPORT_DEFINITION = `${Resource.serviceImport.plural}.${MCS_GROUP}`

interface Definition extends KubeObject {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string
      readonly schema?: { readonly openAPIV3Schema?: Schema }
    }[]
  }
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
}

/** Keeps the answer and drops the rest, which is long. */
export function importDefinition(definition: KubeObject): ImportDefinition {
  const { versions = [] } = (definition as Definition).spec ?? {}
  const written = versions.find(({ name }) => name === Resource.serviceImport.version)
  const status = written?.schema?.openAPIV3Schema?.properties?.['status']
  const { name = '', uid = '', resourceVersion = '' } = definition.metadata
  return {
    metadata: { name, uid, resourceVersion },
    statesSlices: status?.properties?.['endpointSliceObjects'] !== undefined,
  }
}
