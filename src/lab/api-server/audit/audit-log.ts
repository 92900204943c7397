/**
 * One JSON line a request, as audit.k8s.io/v1 has it at level Metadata: who did what to which resource, and how it
 * ended. Compared with RBAC by tests.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import type { Clock } from '../../../core/clock.ts'
import type { UserInfo } from '../authn/user.ts'
import type { RequestInfo, ResourceRequest } from '../http/request-info.ts'
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
    const event = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      stage: 'ResponseComplete',
      requestURI: info.path,
      verb: info.verb,
      user: { username: user.name, groups: user.groups },
      ...(info.kind === 'resource' ? { objectRef: objectRef(info) } : {}),
      responseStatus: { code },
      stageTimestamp: new Date(this.#clock.now()).toISOString(),
    }
    this.#append(`${JSON.stringify(event)}\n`)
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

function objectRef(info: ResourceRequest): object {
  const { group, version, resource, subresource, namespace, authorizedName: name } = info
  return {
    resource,
    namespace,
    name,
    apiVersion: version,
    subresource,
    ...(group === '' ? {} : { apiGroup: group }),
  }
}
