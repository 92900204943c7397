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

/** What is wrong with a change of the right shape; undefined when nothing is. */
export function faultOfChange({ from, to, upserts, removes }: AdvertisementChange): string | undefined {
  if (to <= from) return 'a change that goes back'
  const ids = upserts.map(([id]) => id)
  return isAscending(ids) && isAscending(removes) ? undefined : 'neighbours are not in order'
}

/** The advertisement after a good change made from exactly this one. */
export function changed(base: RouterAdvertisement, change: AdvertisementChange): RouterAdvertisement {
  const { router, name, cluster } = base
  const { to, draining, proof } = change
  const next = { router, name, cluster, sequence: to, draining, neighbours: changedNeighbours(base, change) }
  return proof === undefined ? next : { ...next, proof }
}

function changedNeighbours(
  { neighbours }: RouterAdvertisement,
  { upserts, removes }: AdvertisementChange,
): readonly Neighbour[] {
  if (upserts.length + removes.length === 0) return neighbours
  const gone = new Set(removes)
  const next: Neighbour[] = []
  inOrder(neighbours, upserts, (before, after) => {
    const kept = after ?? before
    if (kept !== undefined && (after !== undefined || !gone.has(kept[0]))) next.push(kept)
  })
  return next
}

/** What leads from one advertisement to a later one; undefined when sending the whole is no longer. */
export function changeBetween(
  base: RouterAdvertisement,
  next: RouterAdvertisement,
  age: number,
): AdvertisementChange | undefined {
  if (base.name !== next.name || base.cluster !== next.cluster) return undefined
  const upserts: Neighbour[] = []
  const removes: string[] = []
  inOrder(base.neighbours, next.neighbours, (before, after) => {
    if (after === undefined) removes.push(before?.[0] ?? '')
    else if (!sameNeighbour(before, after)) upserts.push(after)
  })
  if (upserts.length + removes.length > next.neighbours.length) return undefined
  const { router, sequence: to, draining, proof } = next
  const change = { router, age, from: base.sequence, to, draining, upserts, removes }
  return proof === undefined ? change : { ...change, proof }
}

/** Goes through two lists of neighbours in order, side by side: each router once, with what each list says of it. */
export function inOrder(
  left: readonly Neighbour[],
  right: readonly Neighbour[],
  visit: (left: Neighbour | undefined, right: Neighbour | undefined) => void,
): void {
  if (left === right) return
  let at = 0
  for (const one of right) {
    let other = left[at]
    for (; other !== undefined && other[0] < one[0]; other = left[at]) {
      visit(other, undefined)
      at += 1
    }
    const isBoth = other?.[0] === one[0]
    if (isBoth) at += 1
    visit(isBoth ? other : undefined, one)
  }
  for (; at < left.length; at += 1) visit(left[at], undefined)
}

/** What a list of neighbours says of one router. */
export function claimOn(neighbours: readonly Neighbour[], router: string): Neighbour | undefined {
  let low = 0
  let high = neighbours.length
  while (low < high) {
    const middle = (low + high) >> 1
    const id = neighbours[middle]?.[0] ?? ''
    if (id < router) low = middle + 1
    else high = middle
  }
  const found = neighbours[low]
  return found?.[0] === router ? found : undefined
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

function isAscending(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id)
}
