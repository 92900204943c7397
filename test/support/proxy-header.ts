/** Reads PROXY protocol headers, for tests: an implementation of its own after haproxy's proxy-protocol.txt. */

export interface ProxyHeader {
  readonly command: 'LOCAL' | 'PROXY' | 'UNKNOWN'
  readonly transport?: 'TCP' | 'UDP'
  readonly family?: 4 | 6
  readonly source?: string
  readonly sourcePort?: number
  readonly destination?: string
  readonly destinationPort?: number
  /** Values as text by type. */
  readonly tlvs: ReadonlyMap<number, string>
  /** Bytes behind the header. */
  readonly rest: Buffer
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** The header at the start of `bytes`; throws when there is none, or not all of it. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  return bytes.subarray(0, 12).equals(SIGNATURE) ? readBinary(bytes) : readText(bytes)
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.indexOf('\r\n')
  if (end < 0 || end > 105) throw new Error('no line of at most 107 bytes')
  const [word, kind, source = '', destination = '', from, to] = bytes.toString('latin1', 0, end).split(' ')
  if (word !== 'PROXY') throw new Error(`not a header: ${word}`)
  const rest = bytes.subarray(end + 2)
  if (kind === 'UNKNOWN') return { command: 'UNKNOWN', tlvs: new Map(), rest }
  if (kind !== 'TCP4' && kind !== 'TCP6') throw new Error(`unknown protocol ${kind}`)
  const family = kind === 'TCP4' ? 4 : 6
  const ports = { sourcePort: Number(from), destinationPort: Number(to) }
  return { command: 'PROXY', transport: 'TCP', family, source, destination, ...ports, tlvs: new Map(), rest }
}

function readBinary(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes.readUInt8(12)
  if (versionAndCommand >> 4 !== 2) throw new Error('not version 2')
  const length = bytes.readUInt16BE(14)
  const body = bytes.subarray(16, 16 + length)
  if (body.length < length) throw new Error('the header is not whole')
  const rest = bytes.subarray(16 + length)
  if ((versionAndCommand & 15) === 0) return { command: 'LOCAL', tlvs: readTlvs(body), rest }
  const kind = bytes.readUInt8(13)
  const size = kind >> 4 === 1 ? 4 : 16
  const at = 2 * size
  return {
    command: 'PROXY',
    transport: (kind & 15) === 1 ? 'TCP' : 'UDP',
    family: size === 4 ? 4 : 6,
    source: textOf(body.subarray(0, size)),
    destination: textOf(body.subarray(size, at)),
    sourcePort: body.readUInt16BE(at),
    destinationPort: body.readUInt16BE(at + 2),
    tlvs: readTlvs(body.subarray(at + 4)),
    rest,
  }
}

function readTlvs(bytes: Buffer): Map<number, string> {
  const tlvs = new Map<number, string>()
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16BE(at + 1)
    tlvs.set(bytes.readUInt8(at), bytes.toString('utf8', at + 3, at + 3 + length))
    at += 3 + length
  }
  return tlvs
}

function textOf(address: Buffer): string {
  if (address.length === 4) return [...address].join('.')
  return Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index).toString(16)).join(':')
}
