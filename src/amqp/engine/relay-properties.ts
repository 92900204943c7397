/**
 * How the way of a relayed flow (ADR 14) is written into the attach of the opener's sender link: the routers ahead and
 * behind, the cluster it is for, and the router it comes from. Checks form only; who may say what is the router's affair.
 */
import { type AmqpValue, type Properties, string } from '../codec/value.ts'
import type { FlowOrigin, RelayedWay } from '../flow-transport.ts'
import { MAX_HOPS, MAX_ROUTER_NAME_LENGTH } from '../limits.ts'
import { invalid, PropertyReader } from './property-reader.ts'
import { addVoucher, voucherOf } from './voucher-properties.ts'

const Property = {
  path: 'fairlead:relay-path',
  travelled: 'fairlead:relay-travelled',
  cluster: 'fairlead:relay-cluster',
  originCluster: 'fairlead:origin-cluster',
  originRouter: 'fairlead:origin-router',
  originName: 'fairlead:origin-name',
} as const

const ROUTER = /^[0-9a-f]{32}$/
const ROUTERS = /^[0-9a-f]{32}(?:,[0-9a-f]{32})*$/
const MAX_ROUTERS_LENGTH = MAX_HOPS * 33 - 1

/** RFC 1123 label, as cluster ids are. */
const CLUSTER = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** An AMQP container id of ours: printable, no blanks. */
const NAME = /^[\x21-\x7e]+$/

/** Adds what `way` says. */
export function addRelay(to: Map<string, AmqpValue>, way: RelayedWay): void {
  const { path, travelled, cluster, origin, voucher } = way
  to.set(Property.path, string(path.join(',')))
  if (travelled.length > 0) to.set(Property.travelled, string(travelled.join(',')))
  to.set(Property.cluster, string(cluster))
  to.set(Property.originCluster, string(origin.cluster))
  to.set(Property.originRouter, string(origin.router))
  to.set(Property.originName, string(origin.name))
  if (voucher !== undefined) addVoucher(to, voucher)
}

/** The way a peer's attach tells; undefined when it tells none. Throws when some of it is wrong or missing. */
export function relayOf(properties: Properties | undefined): RelayedWay | undefined {
  if (properties?.has(Property.path) !== true) return undefined
  const from = new PropertyReader(properties)
  const voucher = voucherOf(from)
  return {
    path: routersOf(from, Property.path) ?? missing(Property.path),
    travelled: routersOf(from, Property.travelled) ?? [],
    cluster: from.text(Property.cluster, isCluster) ?? missing(Property.cluster),
    origin: originOf(from),
    ...(voucher === undefined ? {} : { voucher }),
  }
}

function originOf(from: PropertyReader): FlowOrigin {
  return {
    cluster: from.text(Property.originCluster, isCluster) ?? missing(Property.originCluster),
    router: from.text(Property.originRouter, isRouter) ?? missing(Property.originRouter),
    name: from.text(Property.originName, isName) ?? missing(Property.originName),
  }
}

function routersOf(from: PropertyReader, key: string): string[] | undefined {
  return from.text(key, areRouters)?.split(',')
}

function missing(key: string): never {
  throw invalid(key)
}

function areRouters(text: string): boolean {
  return text.length <= MAX_ROUTERS_LENGTH && ROUTERS.test(text)
}

function isRouter(text: string): boolean {
  return ROUTER.test(text)
}

function isCluster(text: string): boolean {
  return CLUSTER.test(text)
}

function isName(text: string): boolean {
  return text.length <= MAX_ROUTER_NAME_LENGTH && NAME.test(text)
}
