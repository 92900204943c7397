/**
 * Where global addresses are in the way of others, said so that somebody can mend it. Pure.
 */
import { type Cidr, containsAddress, formatCidr, overlaps, parseCidr } from '../core/cidr.ts'
import { formatAddress, parseAddress } from '../core/ip.ts'
import { type Claim, StandingClaims, winner } from './block-precedence.ts'
import { listed } from './listing.ts'

/** What the global addresses meet. */
export const OverlapKind = {
  podCidr: 'PodCIDR',
  serviceCidr: 'ServiceCIDR',
  node: 'Node',
  /** Addresses that no host may have, or only inside itself. */
  special: 'Special',
  /** The block of another cluster. */
  claim: 'Claim',
  /** What was given is no address and no block: nothing can be said about it. */
  unreadable: 'Unreadable',
} as const
export type OverlapKind = (typeof OverlapKind)[keyof typeof OverlapKind]

export interface Overlap {
  readonly kind: OverlapKind
  /** The address or block that is met. */
  readonly where: string
  /** Whether our own block is met too, and not only the range: then addresses of this cluster do not work. */
  readonly inBlock: boolean
  /** What, where, and what to do. */
  readonly message: string
}

export interface OverlapInput {
  readonly range: Cidr
  /** Undefined while the cluster has none. */
  readonly own?: Claim | undefined
  /** As Kubernetes has them, of any family. */
  readonly podCidrs: readonly string[]
  readonly serviceCidrs: readonly string[]
  readonly nodeAddresses: readonly string[]
  /** Of other clusters. */
  readonly claims: readonly Claim[]
}

/** Everything that is met, the worst first. */
export function findOverlaps(input: OverlapInput): Overlap[] {
  const found = [
    ...SPECIAL.flatMap(([text, what]) => ofBlock(input, OverlapKind.special, text, what)),
    ...input.podCidrs.flatMap((text) => ofBlock(input, OverlapKind.podCidr, text, "the pods' addresses")),
    ...input.serviceCidrs.flatMap((text) =>
      ofBlock(input, OverlapKind.serviceCidr, text, "the Services' addresses"),
    ),
    ...ofNodes(input),
    ...ofClaims(input),
  ]
  return found.toSorted((left, right) => Number(right.inBlock) - Number(left.inBlock))
}

/** Whether nodes that take the range for global addresses would cut off what is met; other clusters' claims are elsewhere. */
export function isInTheWay({ kind }: Overlap): boolean {
  return kind !== OverlapKind.claim && kind !== OverlapKind.unreadable
}

const SPECIAL: readonly (readonly [block: string, what: string])[] = [
  ['0.0.0.0/8', 'addresses of this network'],
  ['127.0.0.0/8', 'loopback addresses'],
  ['169.254.0.0/16', 'link-local addresses'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['255.255.255.255/32', 'the broadcast address'],
  ['::/128', 'the unspecified address'],
  ['::1/128', 'the loopback address'],
  ['::ffff:0.0.0.0/96', 'IPv4-mapped addresses'],
  ['fe80::/10', 'link-local addresses'],
  ['ff00::/8', 'multicast addresses'],
]

function ofBlock({ range, own }: OverlapInput, kind: OverlapKind, text: string, what: string): Overlap[] {
  const block = parseCidr(text)
  if (block === undefined) return [unreadable(text, what, 'a block such as 10.244.0.0/16')]
  if (!overlaps(range, block)) return []
  const inBlock = own !== undefined && overlaps(own.block, block)
  return [
    {
      kind,
      where: text,
      inBlock,
      message: `${textOf(range, own, inBlock)} overlaps ${text}, ${what}; ${REMEDY}`,
    },
  ]
}

const REMEDY =
  'one of the two cannot be reached from here: choose a range that nobody uses, the same in every cluster (GlobalNetwork, spec.range)'

function textOf(range: Cidr, own: Claim | undefined, inBlock: boolean): string {
  return inBlock && own !== undefined
    ? `the block ${formatCidr(own.block)} of this cluster`
    : `the global range ${formatCidr(range)}`
}

/** One for all nodes: there may be thousands. */
function ofNodes({ range, own, nodeAddresses }: OverlapInput): Overlap[] {
  const addresses = nodeAddresses.map((text) => ({ text, address: parseAddress(text) }))
  const wrong = addresses.filter(({ address }) => address === undefined).map(({ text }) => text)
  const met = addresses.flatMap(({ address }) =>
    address !== undefined && containsAddress(range, address) ? [address] : [],
  )
  const found = wrong.slice(0, 1).map((text) => unreadable(text, 'the address of a node', 'an address'))
  if (met.length === 0) return found
  const inBlock = own !== undefined && met.some((address) => containsAddress(own.block, address))
  const where = listed(met.map(formatAddress))
  const message = `${textOf(range, own, inBlock)} has addresses of nodes in it: ${where}; ${REMEDY}`
  return [...found, { kind: OverlapKind.node, where, inBlock, message }]
}

function ofClaims({ own, claims }: OverlapInput): Overlap[] {
  if (own === undefined) return []
  const standing = new StandingClaims([own, ...claims])
  return claims
    .filter(({ cluster, block }) => cluster !== own.cluster && overlaps(block, own.block))
    .map((claim) => {
      const where = formatCidr(claim.block)
      const message = `cluster ${claim.cluster} claims ${where}, which overlaps the block ${formatCidr(own.block)} of this cluster; ${outcome(own, claim, standing)}`
      return { kind: OverlapKind.claim, where, inBlock: true, message }
    })
}

/** Who of the two has to move. */
function outcome(own: Claim, other: Claim, standing: StandingClaims): string {
  if (standing.has(own))
    return `this cluster keeps it, and ${other.cluster} takes another block when it hears of that`
  if (winner(own, other) === own) return 'both lose it to another cluster, whose claim is earlier'
  return standing.has(other)
    ? `${other.cluster} claimed it earlier, and this cluster takes another block`
    : `${other.cluster} claimed it earlier, and loses it to another cluster itself`
}

function unreadable(text: string, what: string, wanted: string): Overlap {
  const where = text.slice(0, 60)
  const message = `"${where}", given as ${what}, is not ${wanted}: whether global addresses overlap it is not known`
  return { kind: OverlapKind.unreadable, where, inBlock: false, message }
}
