/**
 * The PROXY protocol header that tells a backend who its client is, versions 1 and 2 (haproxy's
 * doc/proxy-protocol.txt). Encodes only; pure.
 */
import { ProxyProtocol } from '../../api/traffic-settings.ts'
import { type AddressAndPort, type AddressPair, addressPair, textOf } from './addresses.ts'

/** Types of the values behind the addresses (version 2, sections 2.2.5 and 2.2.8). */
export const TlvType = {
  uniqueId: 0x05,
  // Ours, of the range for applications
  cluster: 0xe0,
  namespace: 0xe1,
  pod: 0xe2,
  serviceAccount: 0xe3,
  globalAddress: 0xe4,
} as const

/** What is told. */
export interface ProxiedClient {
  readonly protocol: 'TCP' | 'UDP'
  /** The client; an empty address when it is not known. */
  readonly source: AddressAndPort
  /** What the client named. */
  readonly destination: AddressAndPort
  /** The client's cluster, by its router's certificate. */
  readonly cluster: string
  readonly namespace?: string | undefined
  readonly pod?: string | undefined
  readonly serviceAccount?: string | undefined
  /** In text. The source has it too, unless that is a family that it does not fit. */
  readonly globalAddress?: string | undefined
  /** Names the flow in the records of both routers. */
  readonly flow: string
}

/** The 12 bytes every header of version 2 begins with, then version 2 and the command. */
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const COMMAND_LOCAL = 0x20
const COMMAND_PROXY = 0x21
const FAMILY = { 4: 0x10, 6: 0x20 } as const
const TRANSPORT = { TCP: 0x01, UDP: 0x02 } as const

/** Longest unique id (section 2.2.5); the other values are names of Kubernetes, or of a certificate. */
const MAX_TLV_BYTES = 128
const MAX_NAME_BYTES = 253

/** Goes before the first byte of a connection, or before each datagram's payload; empty with None. */
export function proxyHeader(version: ProxyProtocol, client: ProxiedClient): Buffer {
  if (version === ProxyProtocol.none) return Buffer.alloc(0)
  const pair = addressPair(client.source.address, client.destination.address)
  return version === ProxyProtocol.v1 ? textHeader(client, pair) : binaryHeader(client, pair)
}

/** Version 1 knows TCP only (section 2.1). */
function textHeader({ protocol, source, destination }: ProxiedClient, pair: AddressPair | undefined): Buffer {
  if (pair === undefined || protocol !== 'TCP') return Buffer.from('PROXY UNKNOWN\r\n', 'latin1')
  const addresses = `${textOf(pair.source)} ${textOf(pair.destination)}`
  return Buffer.from(`PROXY TCP${pair.family} ${addresses} ${source.port} ${destination.port}\r\n`, 'latin1')
}

/** A client whose address is not known is LOCAL: the backend takes the router for it (section 2.2). */
function binaryHeader(client: ProxiedClient, pair: AddressPair | undefined): Buffer {
  const body = pair === undefined ? [] : [pair.source, pair.destination, portsOf(client), ...tlvsOf(client)]
  const length = body.reduce((sum, part) => sum + part.length, 0)
  const command = pair === undefined ? COMMAND_LOCAL : COMMAND_PROXY
  const family = pair === undefined ? 0 : FAMILY[pair.family] | TRANSPORT[client.protocol]
  return Buffer.concat([Uint8Array.of(...SIGNATURE, command, family, length >> 8, length & 0xff), ...body])
}

function portsOf({ source, destination }: ProxiedClient): Uint8Array {
  return Uint8Array.of(source.port >> 8, source.port & 0xff, destination.port >> 8, destination.port & 0xff)
}

function tlvsOf(client: ProxiedClient): Uint8Array[] {
  const { flow, cluster, namespace, pod, serviceAccount, globalAddress } = client
  return [
    ...tlv(TlvType.uniqueId, flow, MAX_TLV_BYTES),
    ...tlv(TlvType.cluster, cluster, MAX_NAME_BYTES),
    ...tlv(TlvType.namespace, namespace, MAX_NAME_BYTES),
    ...tlv(TlvType.pod, pod, MAX_NAME_BYTES),
    ...tlv(TlvType.serviceAccount, serviceAccount, MAX_NAME_BYTES),
    ...tlv(TlvType.globalAddress, globalAddress, MAX_NAME_BYTES),
  ]
}

/** None for what is not known, or is longer than it can be. */
function tlv(type: number, value: string | undefined, maxBytes: number): Uint8Array[] {
  const bytes = Buffer.from(value ?? '', 'utf8')
  if (bytes.length === 0 || bytes.length > maxBytes) return []
  return [Uint8Array.of(type, bytes.length >> 8, bytes.length & 0xff), bytes]
}
