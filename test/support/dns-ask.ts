/** Questions to a DNS server over UDP, and over TCP when the answer does not fit; answers in a form that can be compared. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { RecordType } from '../../src/dns/dns-records.ts'
import { TcpClient } from './dns-server.ts'
import { type Decoded, decode, query } from './dns-wire.ts'

/** Types by name: those that zones know, and one that none has. */
const TYPES = { ...RecordType, MX: 15 } as const
export type TypeName = keyof typeof TYPES

export interface Question {
  readonly name: string
  readonly type: TypeName
}

/** What an answer says, without the order of records. */
export interface Said {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
}

const HOST = '127.0.0.1'
/** Milliseconds until a question is asked again. */
const PATIENCE = 2_000
const ATTEMPTS = 5

/** Asks the server on `port` of loopback. */
export async function askDns(port: number, { name, type }: Question): Promise<Said> {
  const message = query(name, { type: TYPES[type], edns: { size: 1232 } })
  const answer = decode(await overUdp(port, message))
  return said(answer.tc ? decode(await overTcp(port, message)) : answer)
}

async function overUdp(port: number, message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4')
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      socket.send(message, port, HOST)
      try {
        const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE) })
        return answer as Buffer
      } catch (error) {
        if ((error as Error).name !== 'AbortError') throw error
      }
    }
  } finally {
    socket.close()
  }
  throw new Error(`no answer from port ${port}`)
}

async function overTcp(port: number, message: Buffer): Promise<Buffer> {
  const client = new TcpClient(HOST, port)
  client.send(message)
  try {
    return await client.next()
  } finally {
    client.socket.destroy()
  }
}

function said({ rcode, aa, answers, authority, additional }: Decoded): Said {
  const lines = (records: Decoded['answers']) => records.map(line).sort()
  return {
    rcode,
    authoritative: aa,
    answers: lines(answers),
    authority: lines(authority),
    additional: lines(additional),
  }
}

/** Name, type, time to live and data; the serial of an SOA is each server's own. */
function line(record: Decoded['answers'][number]): string {
  const { name, type, ttl, class: _, serial: __, ...data } = record as unknown as Record<string, unknown>
  const values = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${String(value).toLowerCase()}`)
  return [String(name).toLowerCase(), `type${type}`, ttl, ...values].join(' ')
}
