/**
 * What can go wrong between us and a Kubernetes API server.
 */
import { FairleadError } from '../core/errors.ts'

/** A metav1.Status, as far as we read it. */
export interface StatusBody {
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: {
    readonly name?: string
    readonly retryAfterSeconds?: number
    readonly causes?: readonly {
      readonly reason?: string
      readonly message?: string
      readonly field?: string
    }[]
  }
}

const RETRYABLE_STATUS = new Set([408, 409, 429, 500, 502, 503, 504])

/** The server answered with an error. `code` is its reason (NotFound, Conflict, ...), `status` the HTTP status. */
export class ApiError extends FairleadError {
  override readonly name = 'ApiError'
  readonly status: number
  /** What was answered, without what was asked. */
  readonly answer: string
  readonly details: StatusBody['details']

  constructor(status: number, body: StatusBody, context: string) {
    const reason = reasonOf(status, body)
    const answer = body.message || reason
    super(reason, `${context}: ${answer}`, { retryable: RETRYABLE_STATUS.has(status) })
    this.status = status
    this.answer = answer
    this.details = body.details
  }
}

/** 404 without an object's name is about the path: some servers say it in text, others with the reason NotFound. */
function reasonOf(status: number, { reason, details }: StatusBody): string {
  if (status === 404 && !details?.name) return UNKNOWN_API
  return reason || `Http${status}`
}

const UNKNOWN_API = 'UnknownApi'

/** No answer: connection refused, TLS failure, time-out, socket closed midway. */
export class UnreachableError extends FairleadError {
  override readonly name = 'UnreachableError'

  constructor(server: string, cause: unknown) {
    super('unreachable', `cannot reach the Kubernetes API at ${server}`, { cause, retryable: true })
  }
}

/** The server sent something that is not the Kubernetes protocol, or too much of it. */
export class ProtocolError extends FairleadError {
  override readonly name = 'ProtocolError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('protocol', message, { ...options, retryable: true })
  }
}

/** The kubeconfig or the in-cluster files cannot be used. */
export class KubeConfigError extends FairleadError {
  override readonly name = 'KubeConfigError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('kubeconfig', message, options)
  }
}

/** The object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'NotFound'
}

/** The server does not know the kind at all: its CRD is not installed. */
export function isUnknownApi(error: unknown): boolean {
  return error instanceof ApiError && error.code === UNKNOWN_API
}

/** The user lacks the right to do this. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403
}

/** Somebody changed the object since we read it. */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.code === 'Conflict'
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'AlreadyExists'
}

/** The resource version can no longer (410) or not yet (too large, after a restore) be served: list again. */
export function needsRelist(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.status === 410 || error.code === 'Expired' || error.code === 'Gone') return true
  return error.details?.causes?.some((cause) => cause.reason === 'ResourceVersionTooLarge') ?? false
}
