/**
 * Objects of a namespace, put into another one. Pure.
 */
import type { KubeObject } from '../../api/objects.ts'
import { InstallError } from './errors.ts'

interface Subject {
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

interface Binding extends KubeObject {
  readonly subjects?: readonly Subject[]
}

/** All of them in `namespace`, with bindings to the service accounts among them. Throws where one is of no namespace. */
export function inNamespace(objects: readonly KubeObject[], namespace: string): KubeObject[] {
  const accounts = new Set(
    objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name),
  )
  return objects.map((object) => {
    if (object.metadata.namespace === undefined)
      throw new InstallError(`${object.kind} ${object.metadata.name} is of no namespace`)
    const moved: Binding = { ...object, metadata: { ...object.metadata, namespace } }
    const isOurs = ({ kind, name }: Subject) => kind === 'ServiceAccount' && accounts.has(name)
    if (moved.subjects === undefined) return moved
    return {
      ...moved,
      subjects: moved.subjects.map((each) => (isOurs(each) ? { ...each, namespace } : each)),
    } as KubeObject
  })
}
