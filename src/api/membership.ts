/**
 * Which cluster of which clusterset a cluster is, and the ClusterProperties that say so.
 */
import type { ClusterProperty } from './mcs.ts'
import { ClusterPropertyName } from './names.ts'
import { apiVersion, Resource } from './resources.ts'

/** Which cluster of which clusterset. */
export interface Membership {
  readonly clusterId: string
  readonly clusterset: string
}

/** What is known of it. */
export interface KnownMembership {
  readonly clusterId?: string | undefined
  readonly clusterset?: string | undefined
}

/** The two ClusterProperties of a member (KEP-2149), as far as they are known. */
export function membershipProperties({ clusterId, clusterset }: KnownMembership): ClusterProperty[] {
  const property = (name: string, value: string | undefined): ClusterProperty[] =>
    value === undefined
      ? []
      : [
          {
            apiVersion: apiVersion(Resource.clusterProperty),
            kind: Resource.clusterProperty.kind,
            metadata: { name },
            spec: { value },
          },
        ]
  return [
    ...property(ClusterPropertyName.clusterId, clusterId),
    ...property(ClusterPropertyName.clusterset, clusterset),
  ]
}
