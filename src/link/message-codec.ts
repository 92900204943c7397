/**
 * Control messages to bytes and back. What comes in is checked before anybody reads it.
 */
import { type ServiceKey, serviceKey } from '../api/names.ts'
import type { OriginState, ServiceRecord } from '../api/service-record.ts'
import { type Checked, compileSchema, type SchemaCheck } from '../core/schema.ts'
import { Condition, ViolationError } from './errors.ts'
import { isDeeperThan } from './json-depth.ts'
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_DEPTH, MAX_RECORD_BYTES } from './limits.ts'
import { messageSchema, recordSchema } from './message-schema.ts'
import type { ControlMessage, DirectoryOrigin } from './messages.ts'

/** Room for everything in a message beside its records, bytes. */
const ENVELOPE_BYTES = 512

/** Encodes and checks messages. Making one compiles the schemas, which takes some milliseconds: one a process is enough. */
export class MessageCodec {
  readonly #checkMessage: SchemaCheck<ControlMessage> = compileSchema(messageSchema)
  readonly #checkRecord: SchemaCheck<ServiceRecord> = compileSchema(recordSchema)

  /** The message as JSON bytes. Throws ViolationError when it is longer than a peer would take: a bug of the caller. */
  encode(message: ControlMessage): Buffer {
    const bytes = Buffer.from(JSON.stringify(message))
    if (bytes.length <= MAX_MESSAGE_BYTES) return bytes
    throw new ViolationError(
      Condition.resourceLimit,
      `a ${message.type} of ${bytes.length} bytes is too long to send`,
    )
  }

  /** Reads what a peer sent. Throws ViolationError when it is not a message. */
  decode(bytes: Buffer): ControlMessage {
    if (bytes.length > MAX_MESSAGE_BYTES) {
      throw new ViolationError(Condition.resourceLimit, `message of ${bytes.length} bytes`)
    }
    if (isDeeperThan(MAX_MESSAGE_DEPTH, bytes))
      throw new ViolationError(Condition.decode, 'message is too deep')
    const checked = this.#checkMessage(parseJson(bytes))
    if (checked.ok) return checked.value
    throw new ViolationError(Condition.invalidField, `message refused: ${checked.reason}`)
  }

  /** Says whether a record of ours may travel: peers would close the session over one that breaks the schema. */
  checkRecord(record: ServiceRecord): Checked<ServiceRecord> {
    const checked = this.#checkRecord(structuredClone(record))
    if (!checked.ok || jsonBytes(record) <= MAX_RECORD_BYTES) return checked
    return { ok: false, reason: `is longer than ${MAX_RECORD_BYTES} bytes` }
  }
}

/** Cuts all records of a cluster into messages that fit. Lazy: the next part is only made when it can be sent. */
export function* originParts(state: OriginState): Generator<DirectoryOrigin, void> {
  const { cluster, epoch, sequence, facts, signature } = state
  const once = {
    ...(facts === undefined ? {} : { facts }),
    ...(signature === undefined ? {} : { signature }),
  }
  let records: ServiceRecord[] = []
  let bytes = ENVELOPE_BYTES + jsonBytes(once)
  let part = 0
  const message = (last: boolean): DirectoryOrigin => {
    const told = part === 0 ? once : {}
    return { type: 'directory-origin', cluster, epoch, sequence, part: part++, last, records, ...told }
  }
  for (const record of state.records.values()) {
    const size = jsonBytes(record) + 1
    if (bytes + size > MAX_MESSAGE_BYTES) {
      yield message(false)
      records = []
      bytes = ENVELOPE_BYTES
    }
    records.push(record)
    bytes += size
  }
  yield message(true)
}

/** Records by their key, as an OriginState holds them. */
export function recordsByKey(records: Iterable<ServiceRecord>): Map<ServiceKey, ServiceRecord> {
  return new Map([...records].map((record) => [serviceKey(record.namespace, record.name), record]))
}

/** Length of a record, or of something else, in a message. */
function jsonBytes(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new ViolationError(Condition.decode, 'message is not JSON', { cause })
  }
}
