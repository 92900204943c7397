/**
 * Puts the parts of one cluster's records together, in order and within bounds.
 */
import type { ServiceKey } from '../api/names.ts'
import type { OriginState, ServiceRecord } from '../api/service-record.ts'
import { Condition, ViolationError } from './errors.ts'
import { MAX_RECORDS_PER_ORIGIN } from './limits.ts'
import { recordsByKey } from './message-codec.ts'
import { compareVersions, type DirectoryOrigin } from './messages.ts'

interface Assembly {
  readonly first: DirectoryOrigin
  readonly records: Map<ServiceKey, ServiceRecord>
  nextPart: number
}

/** One sender's parts. A sender finishes one cluster before it starts the next, so one assembly is all there is. */
export class OriginAssembly {
  #open: Assembly | undefined

  /** Takes a part; returns the whole when it was the last. Throws ViolationError when parts are out of order. */
  add(message: DirectoryOrigin): OriginState | undefined {
    const assembly = this.#continue(message)
    for (const [key, record] of recordsByKey(message.records)) assembly.records.set(key, record)
    if (assembly.records.size > MAX_RECORDS_PER_ORIGIN) {
      throw new ViolationError(
        Condition.resourceLimit,
        `more than ${MAX_RECORDS_PER_ORIGIN} records of ${message.cluster}`,
      )
    }
    assembly.nextPart += 1
    if (!message.last) return undefined
    this.#open = undefined
    const { cluster, epoch, sequence } = message
    const { facts, signature } = assembly.first
    return {
      cluster,
      epoch,
      sequence,
      records: assembly.records,
      ...(facts === undefined ? {} : { facts }),
      ...(signature === undefined ? {} : { signature }),
    }
  }

  #continue(message: DirectoryOrigin): Assembly {
    const open = this.#open
    if (open === undefined && message.part === 0) {
      this.#open = { first: message, records: new Map(), nextPart: 0 }
      return this.#open
    }
    if (open === undefined || !continues(open, message)) {
      throw new ViolationError(
        Condition.notAllowed,
        `part ${message.part} of ${message.cluster} is out of order`,
      )
    }
    return open
  }
}

function continues({ first, nextPart }: Assembly, message: DirectoryOrigin): boolean {
  return (
    message.part === nextPart && message.cluster === first.cluster && compareVersions(message, first) === 0
  )
}
