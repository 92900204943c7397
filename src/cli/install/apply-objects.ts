/**
 * Applies objects in an order in which each finds what it needs, and tells what became of each.
 */
import type { KubeObject } from '../../api/objects.ts'
import type { ResourceType } from '../../api/resources.ts'
import type { KubeClient } from '../../kube/types.ts'
import { established, isCrd, isNewer } from './crds.ts'
import type { Discovery } from './discovery.ts'

/** Field manager of everything install writes. */
export const INSTALL_MANAGER = 'fairlead-install'

export type Outcome = 'created' | 'configured' | 'unchanged' | 'newer kept'

export interface Applied {
  readonly object: string
  readonly outcome: Outcome
}

/** Kinds by when they are applied; what is not named goes with the second of three. */
const FIRST = new Set(['Namespace', 'CustomResourceDefinition'])
const LAST = new Set(['Deployment', 'DaemonSet', 'PodDisruptionBudget'])

/** `kind/name` with its namespace, as kubectl names objects. */
export function describeObject({ kind = '', metadata }: KubeObject): string {
  const name = `${kind.toLowerCase()}/${metadata.name}`
  return metadata.namespace === undefined ? name : `${name} -n ${metadata.namespace}`
}

/** Server-side applies `objects`; CRDs are waited for, newer ones of others are left alone. */
export async function applyObjects(
  client: KubeClient,
  discovery: Discovery,
  objects: readonly KubeObject[],
): Promise<Applied[]> {
  const first = objects.filter(({ kind = '' }) => FIRST.has(kind))
  const last = objects.filter(({ kind = '' }) => LAST.has(kind))
  const rest = objects.filter((object) => !first.includes(object) && !last.includes(object))
  const applied: Applied[] = []
  for (const phase of [first, rest, last]) {
    applied.push(...(await Promise.all(phase.map((object) => applyOne(client, discovery, object)))))
    await established(client, phase.filter(isCrd))
  }
  return applied
}

async function applyOne(client: KubeClient, discovery: Discovery, object: KubeObject): Promise<Applied> {
  const type = await discovery.typeOf(object)
  const present = await client.get(type, refOf(type, object))
  const name = describeObject(object)
  if (present !== undefined && isCrd(object) && isNewer(present, object)) {
    return { object: name, outcome: 'newer kept' }
  }
  const result = await client.apply(type, object, { fieldManager: INSTALL_MANAGER, force: true })
  return { object: name, outcome: outcomeOf(present, result) }
}

function refOf(type: ResourceType, { metadata }: KubeObject): { name: string; namespace?: string } {
  const { name = '', namespace } = metadata
  return type.namespaced && namespace !== undefined ? { name, namespace } : { name }
}

function outcomeOf(before: KubeObject | undefined, after: KubeObject): Outcome {
  if (before === undefined) return 'created'
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'configured'
}
