/** A picture of the network in text: clusters, their routers, and the links of each. Pure. */
import type {
  ReportedLink,
  ReportedRouter,
  TopologyReport,
  TopologyRouter,
} from '../../api/network-report.ts'

/** One block for each cluster, also of those that are cut off. */
export function topologyText({ self, clusters, routers, links, omitted }: TopologyReport): string {
  const byId = new Map(routers.map((router) => [router.id, router]))
  const byCluster = Map.groupBy(routers, ({ cluster }) => cluster)
  const neighbours = neighboursOf(links)
  const lines = clusters.flatMap(({ cluster, reachable }) => [
    reachable ? cluster : `${cluster}   unreachable`,
    ...(byCluster.get(cluster) ?? []).flatMap((router) => [
      `  ${router.name}${remarks(router, self)}`,
      ...linkLines(neighbours.get(router.id) ?? [], byId),
    ]),
    ...(reachable && !hasReachable(byCluster.get(cluster))
      ? ['  takes flows; none of its routers is in the topology']
      : []),
  ])
  if (omitted > 0) lines.push(`and ${omitted} more clusters, routers and links`)
  return lines.map((line) => `${line}\n`).join('')
}

function hasReachable(routers: readonly TopologyRouter[] = []): boolean {
  return routers.some(({ reachable }) => reachable)
}

interface NeighbourLink {
  readonly id: string
  readonly link: ReportedLink
}

function neighboursOf(links: readonly ReportedLink[]): Map<string, NeighbourLink[]> {
  const neighbours = new Map<string, NeighbourLink[]>()
  const add = (from: string, id: string, link: ReportedLink): void => {
    neighbours.set(from, [...(neighbours.get(from) ?? []), { id, link }])
  }
  for (const link of links) {
    const [one, other] = link.routers
    add(one, other, link)
    add(other, one, link)
  }
  return neighbours
}

function linkLines(links: readonly NeighbourLink[], byId: ReadonlyMap<string, ReportedRouter>): string[] {
  const named = links.map(({ id, link }) => {
    const router = byId.get(id)
    return { name: router === undefined ? id : `${router.cluster}/${router.name}`, link }
  })
  named.sort((a, b) => (a.name < b.name ? -1 : 1))
  const width = Math.max(0, ...named.map(({ name }) => name.length))
  return named.map(({ name, link }, index) => {
    const branch = index === named.length - 1 ? '└─' : '├─'
    return `    ${branch} ${name.padEnd(width)}   ${linkText(link)}`
  })
}

/** What a link is like. */
export function linkText({ cost, roundTripMs }: Pick<ReportedLink, 'cost' | 'roundTripMs'>): string {
  return `cost ${cost}   ${roundTripMs} ms`
}

function remarks({ id, draining, reachable }: TopologyRouter, self: string): string {
  const words = [
    ...(id === self ? ['tells this'] : []),
    ...(draining ? ['drains'] : []),
    ...(reachable ? [] : ['unreachable']),
  ]
  return words.length === 0 ? '' : `   (${words.join(', ')})`
}
