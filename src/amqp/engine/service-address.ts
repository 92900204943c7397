/**
 * How a flow's request is written into its two attaches: link names, addresses and the client's properties.
 */
import type { Attach, Role } from '../codec/performatives.ts'
import { asCount, asText, type Properties, string, uint } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'
import type { FlowRequest } from '../flow-transport.ts'
import { MAX_LINK_NAME_LENGTH } from '../limits.ts'

const CLIENT_ADDRESS = 'fairlead:client-address'
const CLIENT_PORT = 'fairlead:client-port'

/** `/services/<namespace>/<name>/<tcp|udp>/<port>`; names as Kubernetes allows them. */
const ADDRESS = /^\/services\/([a-z0-9-]{1,63})\/([a-z0-9-]{1,63})\/(tcp|udp)\/([0-9]{1,5})$/

/** Longest textual client address believed: an IPv6 address with zone. */
const MAX_CLIENT_ADDRESS_LENGTH = 64

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
export function addressOf(request: FlowRequest): string {
  return `/services/${request.service}/${request.protocol.toLowerCase()}/${request.port}`
}

/** Properties of the opener's sender link. */
export function propertiesOf(request: FlowRequest): Properties {
  return new Map([
    [CLIENT_ADDRESS, string(request.client.address)],
    [CLIENT_PORT, uint(request.client.port)],
  ])
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

/** The request of a flow from its address and the properties of its attach. */
export function requestOf(address: string, properties: Properties | undefined): FlowRequest {
  const [, namespace, name, protocol, digits] = ADDRESS.exec(address) ?? []
  const port = Number(digits)
  if (namespace === undefined || !(port > 0 && port < 65_536)) {
    throw refusal(Condition.notFound, 'address is not /services/<namespace>/<name>/<tcp|udp>/<port>')
  }
  return {
    service: `${namespace}/${name}`,
    protocol: protocol === 'udp' ? 'UDP' : 'TCP',
    port,
    client: clientOf(properties),
  }
}

/** Strangers need not tell a client. */
function clientOf(properties: Properties | undefined): FlowRequest['client'] {
  const address = asText(properties?.get(CLIENT_ADDRESS)) ?? ''
  const port = asCount(properties?.get(CLIENT_PORT)) ?? 0
  if (address.length > MAX_CLIENT_ADDRESS_LENGTH || port > 65_535) {
    throw refusal(Condition.invalidField, 'client address or port is not one')
  }
  return { address, port }
}

function refusal(condition: Condition, text: string): AmqpError {
  return new AmqpError(condition, text, 'link')
}
