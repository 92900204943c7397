/**
 * How the client of a flow, and where it wanted to go, are written into the attach of the opener's sender link.
 */
import { isIP, isIPv4 } from 'node:net'
import { type AmqpValue, type Properties, string, uint } from '../codec/value.ts'
import type { FlowClient, FlowRequest } from '../flow-transport.ts'
import { invalid, PropertyReader } from './property-reader.ts'

const Property = {
  address: 'fairlead:client-address',
  port: 'fairlead:client-port',
  namespace: 'fairlead:client-namespace',
  pod: 'fairlead:client-pod',
  serviceAccount: 'fairlead:client-service-account',
  globalAddress: 'fairlead:client-global-address',
  destinationAddress: 'fairlead:destination-address',
  destinationPort: 'fairlead:destination-port',
} as const

/** Longest textual address: IPv6 with a zone. Also keeps `isIP` from long inputs. */
const MAX_ADDRESS_LENGTH = 64

const MAX_PORT = 65_535

/** Longest name of a pod or service account (RFC 1123 subdomain, as Kubernetes has it). */
const MAX_SUBDOMAIN_LENGTH = 253

/** RFC 1123 label, as namespaces are named. */
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** Adds who the client is. */
export function addClient(to: Map<string, AmqpValue>, client: FlowClient): void {
  to.set(Property.address, string(client.address))
  to.set(Property.port, uint(client.port))
  addText(to, Property.namespace, client.namespace)
  addText(to, Property.pod, client.pod)
  addText(to, Property.serviceAccount, client.serviceAccount)
  addText(to, Property.globalAddress, client.globalAddress)
}

/** Adds where the client wanted to go. */
export function addDestination(
  to: Map<string, AmqpValue>,
  { address, port }: NonNullable<FlowRequest['destination']>,
): void {
  to.set(Property.destinationAddress, string(address))
  to.set(Property.destinationPort, uint(port))
}

function addText(to: Map<string, AmqpValue>, key: string, text: string | undefined): void {
  if (text !== undefined) to.set(key, string(text))
}

/** The client a peer's attach tells; strangers need not tell one. Throws when it is wrong. */
export function clientOf(properties: Properties | undefined): FlowClient {
  const from = new PropertyReader(properties)
  const namespace = from.text(Property.namespace, isLabel)
  const pod = from.text(Property.pod, isSubdomain)
  const serviceAccount = from.text(Property.serviceAccount, isSubdomain)
  const globalAddress = from.text(Property.globalAddress, isShortIPv4)
  return {
    address: from.text(Property.address, (text) => text === '' || isAddress(text)) ?? '',
    port: from.count(Property.port, MAX_PORT) ?? 0,
    ...(namespace === undefined ? {} : { namespace }),
    ...(pod === undefined ? {} : { pod }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(globalAddress === undefined ? {} : { globalAddress }),
  }
}

/** The destination a peer's attach tells, address and port or neither. Throws when it is wrong. */
export function destinationOf(properties: Properties | undefined): FlowRequest['destination'] {
  const from = new PropertyReader(properties)
  const address = from.text(Property.destinationAddress, isAddress)
  const port = from.count(Property.destinationPort, MAX_PORT)
  if (address === undefined && port === undefined) return undefined
  if (address === undefined) throw invalid(Property.destinationAddress)
  if (port === undefined) throw invalid(Property.destinationPort)
  return { address, port }
}

function isAddress(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && isIP(text) !== 0
}

function isShortIPv4(text: string): boolean {
  return text.length <= MAX_ADDRESS_LENGTH && isIPv4(text)
}

function isLabel(text: string): boolean {
  return LABEL.test(text)
}

function isSubdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN_LENGTH && SUBDOMAIN.test(text)
}
