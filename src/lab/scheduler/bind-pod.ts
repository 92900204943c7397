/** Placing a pod on a node, as a scheduler does. */
import { Resource } from '../../api/resources.ts'
import { isUnknownApi } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import type { SchedulablePod } from './schedulable.ts'

/** By the binding subresource; a server that has none (the lab's own) takes the field itself. */
export async function bindPod(client: KubeClient, pod: SchedulablePod, nodeName: string): Promise<void> {
  const { namespace = 'default', name = '', uid = '' } = pod.metadata
  const type = { ...Resource.pod, plural: `pods/${name}/binding`, kind: 'Binding' }
  const target = { apiVersion: 'v1', kind: 'Node', name: nodeName }
  try {
    await client.create(type, { metadata: { name, namespace, uid }, target } as Binding)
  } catch (error) {
    if (!isUnknownApi(error)) throw error
    await client.patch(Resource.pod, { namespace, name }, 'merge', { metadata: { uid }, spec: { nodeName } })
  }
}

interface Binding {
  metadata: { name: string; namespace: string; uid: string }
  target: { apiVersion: string; kind: string; name: string }
}
