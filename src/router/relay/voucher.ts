/**
 * What the router that opens a flow over relays signs of it: everything that the router at the other end goes by, and for
 * which router it is. Not the path, which is the relays' affair.
 */
import type { FlowOrigin, FlowRequest } from '../../amqp/flow-transport.ts'

/** What is signed beside the request. */
export interface VouchedWay {
  readonly clusterset: string
  readonly origin: FlowOrigin
  /** The cluster that the flow is for, and its router. */
  readonly cluster: string
  readonly router: string
  readonly time: number
  readonly number: number
}

/** The bytes to be signed: a list of fixed length, so that no two openings share them. */
export function vouchedBytes(request: FlowRequest, way: VouchedWay): Buffer {
  const { clusterset, origin, cluster, router, time, number } = way
  const { service, protocol, port, endpoint = null, client, destination, resumable } = request
  const fields = [
    [clusterset, origin.cluster, origin.router, origin.name, cluster, router, time, number],
    [service, protocol, port, endpoint],
    clientFields(client),
    destination === undefined ? null : [destination.address, destination.port],
    resumable === undefined ? null : resumeFields(resumable),
  ]
  return Buffer.from(JSON.stringify(fields))
}

function clientFields(client: FlowRequest['client']): readonly (string | number | null)[] {
  const { address, port, namespace = null, pod = null, serviceAccount = null, globalAddress = null } = client
  return [address, port, namespace, pod, serviceAccount, globalAddress]
}

function resumeFields({ token, graceMs, at }: NonNullable<FlowRequest['resumable']>): readonly unknown[] {
  return [token, graceMs, at === undefined ? null : [at.received, at.ended]]
}
