/**
 * The resources served now: built-in ones, and those of CustomResourceDefinitions as they come and go.
 */
import type { ResourceDefinition, ServedResource } from './resource-definition.ts'

export class KindRegistry {
  readonly #definitions = new Map<string, ResourceDefinition>()
  /** Grows with every change: caches of discovery and OpenAPI compare it. */
  #generation = 0

  constructor(builtins: readonly ResourceDefinition[]) {
    for (const definition of builtins) this.set(definition)
  }

  get generation(): number {
    return this.#generation
  }

  set(definition: ResourceDefinition): void {
    this.#definitions.set(`${definition.group}/${definition.resource}`, definition)
    this.#generation += 1
  }

  remove(group: string, resource: string): void {
    if (this.#definitions.delete(`${group}/${resource}`)) this.#generation += 1
  }

  get(group: string, resource: string): ResourceDefinition | undefined {
    return this.#definitions.get(`${group}/${resource}`)
  }

  all(): ResourceDefinition[] {
    return [...this.#definitions.values()]
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    const definition = this.get(group, resource)
    const found = definition?.versions.find((candidate) => candidate.version === version && candidate.served)
    return definition !== undefined && found !== undefined ? { definition, version: found } : undefined
  }

  /** By kind, as owner references and applied objects name it. */
  findKind(group: string, kind: string): ResourceDefinition | undefined {
    for (const definition of this.#definitions.values()) {
      if (definition.group === group && definition.kind === kind) return definition
    }
    return undefined
  }

  /** The definition whose objects are stored in `bucket`. */
  findBucket(bucket: string): ResourceDefinition | undefined {
    for (const definition of this.#definitions.values()) if (definition.bucket === bucket) return definition
    return undefined
  }

  /** Served versions of each group, best first, groups in the order they are listed by discovery. */
  groups(): Map<string, string[]> {
    const groups = new Map<string, string[]>()
    for (const { group, versions } of this.#definitions.values()) {
      const known = groups.get(group) ?? []
      const served = versions.filter((version) => version.served).map((version) => version.version)
      groups.set(group, [...new Set([...known, ...served])].sort(compareVersions))
    }
    return new Map([...groups].filter(([, versions]) => versions.length > 0))
  }

  /** Resources of one group and version. */
  inVersion(group: string, version: string): ServedResource[] {
    return this.all().flatMap((definition) => {
      const found = definition.versions.find((candidate) => candidate.version === version && candidate.served)
      return definition.group === group && found !== undefined ? [{ definition, version: found }] : []
    })
  }
}

/** Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. */
export function compareVersions(left: string, right: string): number {
  const a = rank(left)
  const b = rank(right)
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value
    if (difference !== 0) return difference
  }
  return left < right ? -1 : Number(left > right)
}

function rank(version: string): [number, number, number] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return [0, 0, 0]
  const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1
  return [stability, Number(match[1]), Number(match[3] ?? 0)]
}
