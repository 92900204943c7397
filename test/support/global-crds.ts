/** The resources of global addresses, reduced to what the agent reads. */
import type { KubeObject } from '../../src/api/objects.ts'
import { apiVersion, Resource, type ResourceType } from '../../src/api/resources.ts'
import { AgentResource } from '../../src/globalnet/agent-objects.ts'

/** Their definitions, open to any field. */
export const GLOBAL_CRDS = Object.values(AgentResource).map(definition)

function definition({ group, version, plural, kind, namespaced }: ResourceType): KubeObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } }
  return {
    apiVersion: apiVersion(Resource.customResourceDefinition),
    kind: Resource.customResourceDefinition.kind,
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  } as KubeObject
}
