/**
 * What a router checks of the way in an opening, and what it makes of it for the next router. Pure. The way was written
 * by a router that may be anybody's: nothing of it is believed that the certificate of the neighbour contradicts.
 */
import { FlowCondition, type FlowError, type RelayedWay } from '../../amqp/flow-transport.ts'
import { MAX_HOPS } from '../../amqp/limits.ts'

/** Why a relayed flow is refused: the label of the metric. */
export type RefusalCause =
  /** The path does not lead over this router. */
  | 'path'
  | 'hops'
  /** A router is named twice. */
  | 'loop'
  /** The opening names an origin that its sender may not speak for. */
  | 'origin'
  /** This router has no connection to the next. */
  | 'no-neighbour'
  /** The last router of the path is not one of the cluster that the flow is for. */
  | 'cluster'
  /** The cluster at one end was revoked. */
  | 'revoked'
  | 'draining'
  | 'full'
  /** No router vouches for the flow. */
  | 'unsigned'
  /** Who does is no router of the cluster it names as its origin, or no member at all. */
  | 'signer'
  /** Something in the opening is not as it was when it was signed. */
  | 'forged'
  /** It was opened too long ago. */
  | 'late'
  /** It was taken before. */
  | 'replayed'

export interface Refusal {
  readonly cause: RefusalCause
  readonly error: FlowError
}

/** This router. */
export interface Here {
  readonly cluster: string
  readonly router: string
}

/** The neighbour that the opening came from: cluster by its certificate, the rest as its data connection says. */
export interface Sender {
  readonly cluster: string
  readonly router: string | undefined
  readonly name: string | undefined
}

/** Why a flow with this way, from that neighbour, goes no further; undefined when it may. */
export function refusalOf(way: RelayedWay, here: Here, from: Sender): Refusal | undefined {
  if (way.path[0] !== here.router) return refused('path', 'the path does not lead over this router')
  if (way.travelled.length + way.path.length > MAX_HOPS)
    return refused('hops', `the path is longer than ${MAX_HOPS} hops`)
  if (repeats(way)) return refused('loop', 'the path names a router twice')
  if (!maySay(way, here, from)) return refused('origin', 'the sender may not name this origin')
  if (way.path.length === 1 && way.cluster !== here.cluster)
    return refused('cluster', `this router is not of cluster ${way.cluster}`)
  return undefined
}

/** A refusal that says: not over this router. */
export function refused(cause: RefusalCause, description: string): Refusal {
  const condition = cause === 'origin' ? FlowCondition.unauthorized : FlowCondition.noRoute
  return { cause, error: { condition, description } }
}

/** The same way as the next router gets it. */
export function onward({ path, travelled, ...way }: RelayedWay): RelayedWay {
  return { ...way, path: path.slice(1), travelled: [...travelled, ...path.slice(0, 1)] }
}

function repeats({ origin, travelled, path }: RelayedWay): boolean {
  const named = [origin.router, ...travelled, ...path]
  return new Set(named).size < named.length
}

/** The origin speaks for itself; a relay for others, but never for our own cluster unless it is of that. */
function maySay({ origin, travelled }: RelayedWay, here: Here, from: Sender): boolean {
  const last = travelled.at(-1) ?? origin.router
  if (last !== from.router) return false
  if (origin.cluster === here.cluster && from.cluster !== here.cluster) return false
  if (travelled.length > 0) return true
  return origin.cluster === from.cluster && origin.name === from.name
}
