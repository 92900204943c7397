/**
 * How a flow's request is written into its two attaches: link names, addresses and properties.
 */
import type { Attach, Role } from '../codec/performatives.ts'
import type { AmqpValue, Properties } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'
import type { FlowRequest } from '../flow-transport.ts'
import { MAX_LINK_NAME_LENGTH } from '../limits.ts'
import { addClient, addDestination, clientOf, destinationOf } from './client-properties.ts'
import { addRelay, relayOf } from './relay-properties.ts'
import { addResumable, resumableOf } from './resume-properties.ts'

/**
 * `/services/<namespace>/<name>/<tcp|udp>/<port>`, and `/endpoints/<id>` behind it for one endpoint alone: in the address
 * and no property, so that a router that knows nothing of endpoints refuses it. For the same reason `/relayed` comes before
 * the address of a flow that may be for another router. Names as Kubernetes allows them.
 */
const ADDRESS =
  /^(\/relayed)?\/services\/([a-z0-9-]{1,63})\/([a-z0-9-]{1,63})\/(tcp|udp)\/([0-9]{1,5})(?:\/endpoints\/([a-z0-9-]{1,63}))?$/

const RELAYED = '/relayed'

/** Names of a flow's links: `/o` carries what the opener sends, `/i` what it receives. */
export function linkName(flowId: string, openerRole: Role): string {
  return `${flowId}/${openerRole === 'sender' ? 'o' : 'i'}`
}

/** The flow a peer's attach belongs to. Throws when name and role do not fit together. */
export function flowIdOf(attach: Attach): string {
  const id = attach.name.slice(0, -2)
  if (attach.name.length > MAX_LINK_NAME_LENGTH)
    throw refusal(Condition.resourceLimitExceeded, 'link name is too long')
  if (id.length > 0 && attach.name === linkName(id, attach.role)) return id
  throw refusal(
    Condition.invalidField,
    'links of a flow are named <id>/o (its sender) and <id>/i (its receiver)',
  )
}

/** The address both links of a flow carry. */
export function addressOf({ service, protocol, port, endpoint, relay }: FlowRequest): string {
  const prefix = relay === undefined ? '' : RELAYED
  const address = `${prefix}/services/${service}/${protocol.toLowerCase()}/${port}`
  return endpoint === undefined ? address : `${address}/endpoints/${endpoint}`
}

/** Properties of the opener's sender link. */
export function propertiesOf({ client, destination, resumable, relay }: FlowRequest): Properties {
  const properties = new Map<string, AmqpValue>()
  addClient(properties, client)
  if (destination !== undefined) addDestination(properties, destination)
  if (resumable !== undefined) addResumable(properties, resumable)
  if (relay !== undefined) addRelay(properties, relay)
  return properties
}

/** The address an attach of a peer asks for. */
export function requestedAddress(attach: Attach): string {
  const terminus = attach.role === 'sender' ? attach.target : attach.source
  if (terminus === undefined || terminus.kind === 'other' || terminus.dynamic === true) {
    throw refusal(Condition.notImplemented, 'only links to /services/... are offered')
  }
  if (typeof terminus.address === 'string') return terminus.address
  throw refusal(Condition.invalidField, 'link has no address')
}

/** The request of a flow from its address and the properties of its attach. Throws when they do not fit together. */
export function requestOf(address: string, properties: Properties | undefined): FlowRequest {
  const [, relayed, namespace, name, protocol, digits, endpoint] = ADDRESS.exec(address) ?? []
  const port = Number(digits)
  if (namespace === undefined || !(port > 0 && port < 65_536)) {
    throw refusal(Condition.notFound, 'address is not /services/<namespace>/<name>/<tcp|udp>/<port>')
  }
  const destination = destinationOf(properties)
  const resumable = resumableOf(properties)
  const relay = relayOf(properties)
  if ((relay !== undefined) !== (relayed !== undefined))
    throw refusal(Condition.invalidField, 'address and properties differ about relays')
  return {
    service: `${namespace}/${name}`,
    protocol: protocol === 'udp' ? 'UDP' : 'TCP',
    port,
    ...(endpoint === undefined ? {} : { endpoint }),
    client: clientOf(properties),
    ...(destination === undefined ? {} : { destination }),
    ...(resumable === undefined ? {} : { resumable }),
    ...(relay === undefined ? {} : { relay }),
  }
}

function refusal(condition: Condition, text: string): AmqpError {
  return new AmqpError(condition, text, 'link')
}
