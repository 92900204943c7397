/**
 * Pods made from templates, and the short hash that names a template's revision.
 */
import { createHash } from 'node:crypto'
import type { KubeObject } from '../../api/objects.ts'
import type { ResourceType } from '../../api/resources.ts'
import { TEMPLATE_HASH_LENGTH } from './limits.ts'
import { controllerReference, type PodTemplate, type WorkloadPod } from './workloads.ts'

export const WorkloadLabel = {
  /** On ReplicaSets and Pods of a Deployment. */
  podTemplateHash: 'pod-template-hash',
  /** On Pods of a StatefulSet or DaemonSet: the template revision they were made from. */
  revision: 'controller-revision-hash',
  podName: 'statefulset.kubernetes.io/pod-name',
  podIndex: 'apps.kubernetes.io/pod-index',
} as const

/** Letters and digits that spell no words, as Kubernetes uses for generated names. */
const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** A hash of the template that does not depend on the order of keys or on an earlier hash label in it. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash('sha256')
    .update(canonicalJson(withoutHashLabel(template)))
    .digest()
  return [...digest.subarray(0, TEMPLATE_HASH_LENGTH)]
    .map((byte) => SAFE_ALPHABET[byte % SAFE_ALPHABET.length])
    .join('')
}

/** The pod that `owner` makes from `template`; `generateName` unless a name is given. */
export function podFromTemplate(
  owner: KubeObject,
  ownerType: ResourceType,
  template: PodTemplate,
  name?: string,
): WorkloadPod {
  const { namespace = 'default', name: ownerName = '' } = owner.metadata
  return {
    metadata: {
      ...(name === undefined ? { generateName: `${ownerName}-` } : { name }),
      namespace,
      labels: { ...template.metadata?.labels },
      ...(template.metadata?.annotations && { annotations: { ...template.metadata.annotations } }),
      ownerReferences: [controllerReference(owner, ownerType)],
    },
    spec: structuredClone(template.spec),
  }
}

/** A copy of `template` with one label more. */
export function withLabel(template: PodTemplate, key: string, value: string): PodTemplate {
  return {
    ...template,
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, [key]: value } },
  }
}

function withoutHashLabel(template: PodTemplate): PodTemplate {
  const { [WorkloadLabel.podTemplateHash]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

/** JSON with sorted keys and without null members: equal objects give equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member ?? undefined
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
