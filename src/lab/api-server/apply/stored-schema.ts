/**
 * The schema by which field ownership of a resource is kept.
 */
import type { ServedResource } from '../kinds/resource-definition.ts'
import { definition } from '../openapi/catalog.ts'
import type { Schema } from '../openapi/schema.ts'

/** That of the version the write came in; Events are always compared in their stored form. */
export function storedSchema({ definition: resource, version }: ServedResource): Schema | undefined {
  return resource.bucket === '/events' ? definition('io.k8s.api.core.v1.Event') : version.schema
}
