/**
 * Failures as Kubernetes words them: every StatusError is answered as one metav1.Status.
 */
import { FairleadError } from '../../core/errors.ts'
import { MAX_CAUSES } from './limits.ts'
import type { FieldError } from './validation/field-error.ts'

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: { reason: string; message: string; field?: string }[]
  retryAfterSeconds?: number
}

/** A group and a resource or kind, as messages name them: `deployments.apps`. */
export interface GroupName {
  readonly group: string
  readonly name: string
}

/** An answer other than success. */
export class StatusError extends FairleadError {
  override readonly name = 'StatusError'
  readonly status: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor(status: number, reason: string, message: string, details?: StatusDetails) {
    super('status', message, { retryable: status >= 500 || status === 429 || status === 409 })
    this.status = status
    this.reason = reason
    this.details = details
  }

  /** The Status object sent to the client. */
  toStatus(): object {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.status,
    }
  }
}

function qualified(what: GroupName): string {
  return what.group === '' ? what.name : `${what.name}.${what.group}`
}

function detailsOf(what: GroupName, name: string, extra: StatusDetails = {}): StatusDetails {
  return { name, ...(what.group === '' ? {} : { group: what.group }), kind: what.name, ...extra }
}

export function notFound(resource: GroupName, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${qualified(resource)} "${name}" not found`,
    detailsOf(resource, name),
  )
}

/** No such path. */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function alreadyExists(resource: GroupName, name: string): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${qualified(resource)} "${name}" already exists`,
    detailsOf(resource, name),
  )
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(resource: GroupName, name: string, why: string = MODIFIED): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`
  return new StatusError(409, 'Conflict', message, detailsOf(resource, name))
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError(401, 'Unauthorized', message)
}

export function forbidden(resource: GroupName, name: string, why: string): StatusError {
  const subject = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${why}`, {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.name,
  })
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
  return new StatusError(415, 'UnsupportedMediaType', message, {})
}

export function tooLarge(): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728')
}

/** The watch or list position is older than what is kept. */
export function expired(message: string): StatusError {
  return new StatusError(410, 'Expired', message)
}

export function unavailable(message: string): StatusError {
  return new StatusError(503, 'ServiceUnavailable', message, { retryAfterSeconds: 1 })
}

export function internal(message: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: 'InternalError', message }],
  })
}

/** 422 with one cause a fault. */
export function invalid(kind: GroupName, name: string, faults: readonly FieldError[]): StatusError {
  const texts = [...new Set(faults.map((fault) => `${fault.field}: ${fault.message}`))]
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  const causes = faults.slice(0, MAX_CAUSES).map(({ reason, message, field }) => ({ reason, message, field }))
  return new StatusError(
    422,
    'Invalid',
    `${qualified(kind)} "${name}" is invalid: ${list}`,
    detailsOf(kind, name, { causes }),
  )
}
