/**
 * One JSON line a request: who did what to which resource, and how it ended. Compared with RBAC by tests.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { Clock } from '../../../core/clock.ts'
import type { UserInfo } from '../authn/user.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { MAX_AUDIT_BYTES } from '../limits.ts'

export class AuditLog {
  readonly #clock: Clock
  readonly #fd: number
  readonly #maxBytes: number
  #bytes: number

  /** Appends to `file`, which starts again from nothing when it has grown past `maxBytes`. */
  constructor(clock: Clock, file: string, maxBytes = MAX_AUDIT_BYTES) {
    this.#clock = clock
    this.#fd = openSync(file, 'a', 0o600)
    this.#maxBytes = maxBytes
    this.#bytes = fstatSync(this.#fd).size
  }

  write(user: UserInfo, info: RequestInfo, code: number): void {
    const time = new Date(this.#clock.now()).toISOString()
    this.#append(
      `${JSON.stringify({ time, user: user.name, groups: user.groups, ...describe(info), code })}\n`,
    )
  }

  #append(line: string): void {
    if (this.#bytes > this.#maxBytes) {
      ftruncateSync(this.#fd)
      this.#bytes = 0
    }
    this.#bytes += writeSync(this.#fd, line)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function describe(info: RequestInfo): object {
  if (info.kind === 'path') return { verb: info.verb, path: info.path }
  const { verb, group, resource, subresource, namespace, authorizedName: name } = info
  return { verb, group, resource, subresource, namespace, name }
}
