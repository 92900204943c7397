/** Names of clusters in messages for people. */
import { MESSAGE_CLUSTERS } from './limits.ts'

/** The first of these clusters by name, and how many more there are. */
export function namedClusters(clusters: readonly string[]): string {
  const told = [...clusters].sort().slice(0, MESSAGE_CLUSTERS).join(', ')
  const more = clusters.length - MESSAGE_CLUSTERS
  return more > 0 ? `${told} and ${more} more` : told
}
