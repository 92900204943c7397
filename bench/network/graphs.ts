/** Shapes of networks, by the number of routers. The same each time. */

export type Pair = readonly [number, number]

export interface Graph {
  readonly links: readonly Pair[]
  /** Cut the links between these and the others, and the network is in two parts. */
  readonly half: (router: number) => boolean
}

export const SHAPES = ['star', 'ring', 'random', 'hierarchical'] as const
export type Shape = (typeof SHAPES)[number]

/** Numbers from 0 to 1 that look random (a linear congruential generator). */
export function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const MEAN_DEGREE = 4

export function graphOf(shape: Shape, size: number): Graph {
  const lower = (router: number) => router < size / 2
  switch (shape) {
    case 'star':
      return { links: range(1, size).map((leaf) => [0, leaf] as const), half: lower }
    case 'ring':
      return { links: range(0, size).map((router) => [router, (router + 1) % size] as const), half: lower }
    case 'random':
      return { links: randomLinks(size), half: lower }
    case 'hierarchical':
      return { links: tieredLinks(size), half: (router) => router % 2 === 0 }
  }
}

/** A tree that joins all, and more links until each router has four on average. */
function randomLinks(size: number): Pair[] {
  const random = dice(size)
  const below = (limit: number) => Math.floor(random() * limit)
  const links = new Map<string, Pair>()
  const add = (a: number, b: number) => {
    if (a !== b) links.set(`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b])
  }
  for (const router of range(1, size)) add(router, below(router))
  const wanted = Math.min((size * MEAN_DEGREE) / 2, (size * (size - 1)) / 2)
  while (links.size < wanted) add(below(size), below(size))
  return [...links.values()]
}

/** One in a hundred is a hub, all of which are joined; one in ten has two hubs, each of the rest two of those. */
function tieredLinks(size: number): Pair[] {
  const hubs = Math.max(2, Math.ceil(size / 100))
  const middles = Math.max(2, Math.ceil(size / 10))
  const links: Pair[] = []
  for (const hub of range(0, hubs)) for (const other of range(hub + 1, hubs)) links.push([hub, other])
  for (const router of range(hubs, size)) {
    const [from, count] = router < hubs + middles ? [0, hubs] : [hubs, Math.min(middles, size - hubs)]
    links.push([from + (router % count), router], [from + ((router + 1) % count), router])
  }
  return links.filter(([a, b]) => a !== b)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}
