/**
 * Rules of advertisements, as pure functions: what a good one is, and the change between two of one router.
 */
import { MAX_NEIGHBOURS } from '../../api/limits.ts'
import type { AdvertisementChange, Neighbour, RouterAdvertisement } from '../../api/router-advertisement.ts'

/** What is wrong with an advertisement of the right shape; undefined when nothing is. No honest router passes a bad one on. */
export function faultOf({ router, neighbours }: RouterAdvertisement): string | undefined {
  let before = ''
  for (const [id] of neighbours) {
    if (id === router) return 'a router is its own neighbour'
    if (id <= before) return 'neighbours are not in order'
    before = id
  }
  return neighbours.length > MAX_NEIGHBOURS ? `more than ${MAX_NEIGHBOURS} neighbours` : undefined
}

/** The advertisement after a change made from exactly this one. */
export function changed(base: RouterAdvertisement, change: AdvertisementChange): RouterAdvertisement {
  const { router, name, cluster } = base
  const { to, draining, upserts, removes, proof } = change
  const neighbours = new Map(base.neighbours.map((neighbour) => [neighbour[0], neighbour]))
  for (const id of removes) neighbours.delete(id)
  for (const neighbour of upserts) neighbours.set(neighbour[0], neighbour)
  const sorted = [...neighbours.values()].sort(byRouter)
  const next = { router, name, cluster, sequence: to, draining, neighbours: sorted }
  return proof === undefined ? next : { ...next, proof }
}

/** What leads from one advertisement to a later one; undefined when sending the whole is no longer. */
export function changeBetween(
  base: RouterAdvertisement,
  next: RouterAdvertisement,
  age: number,
): AdvertisementChange | undefined {
  if (base.name !== next.name || base.cluster !== next.cluster) return undefined
  const before = new Map(base.neighbours.map((neighbour) => [neighbour[0], neighbour]))
  const upserts = next.neighbours.filter((neighbour) => !sameNeighbour(before.get(neighbour[0]), neighbour))
  for (const [id] of next.neighbours) before.delete(id)
  const removes = [...before.keys()]
  if (upserts.length + removes.length > next.neighbours.length) return undefined
  const { router, sequence: to, draining, proof } = next
  const change = { router, age, from: base.sequence, to, draining, upserts, removes }
  return proof === undefined ? change : { ...change, proof }
}

/** Order of neighbours in an advertisement. */
export function byRouter([left]: Neighbour, [right]: Neighbour): number {
  return left < right ? -1 : 1
}

/** Whether both say the same of the same neighbour. */
export function sameNeighbour(left: Neighbour | undefined, right: Neighbour | undefined): boolean {
  if (left === right) return true
  return left?.[0] === right?.[0] && left?.[1] === right?.[1] && left?.[2] === right?.[2]
}
