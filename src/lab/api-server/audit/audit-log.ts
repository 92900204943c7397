/**
 * One JSON line a request: who did what to which resource, and how it ended. Compared with RBAC by tests.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Clock } from '../../../core/clock.ts'
import type { UserInfo } from '../authn/user.ts'
import type { RequestInfo } from '../http/request-info.ts'

export class AuditLog {
  readonly #clock: Clock
  readonly #fd: number

  /** Appends to `file`. */
  constructor(clock: Clock, file: string) {
    this.#clock = clock
    this.#fd = openSync(file, 'a', 0o600)
  }

  write(user: UserInfo, info: RequestInfo, code: number): void {
    const time = new Date(this.#clock.now()).toISOString()
    writeSync(
      this.#fd,
      `${JSON.stringify({ time, user: user.name, groups: user.groups, ...describe(info), code })}\n`,
    )
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
