/**
 * Query parameters and bodies that steer writes and deletions.
 */
import { badRequest } from '../errors.ts'
import { isObject, numberAt, stringAt, stringsAt, valueAt } from '../json/access.ts'
import type { DeleteOptions } from '../verbs/delete.ts'
import { FieldValidation, type WriteOptions } from '../verbs/deps.ts'

/** Longest name of a field manager, as Kubernetes has it. */
const MAX_MANAGER = 128

export interface WriteQuery {
  readonly query: URLSearchParams
  readonly userAgent: string
  readonly warn: (text: string) => void
}

/** Options of create, update and patch. */
export function readWriteOptions({ query, userAgent, warn }: WriteQuery): WriteOptions {
  const manager = query.get('fieldManager') ?? ''
  if (manager.length > MAX_MANAGER)
    throw badRequest(`fieldManager: Too long: may not be more than ${MAX_MANAGER} bytes`)
  return {
    dryRun: isDryRun(query.getAll('dryRun')),
    fieldManager: manager === '' ? managerFrom(userAgent) : manager,
    fieldValidation: readFieldValidation(query),
    warn,
  }
}

/** `kubectl/v1.32.4 (linux/amd64) ...` -> kubectl. */
function managerFrom(userAgent: string): string {
  return userAgent.split('/')[0]?.slice(0, MAX_MANAGER) || 'unknown'
}

/** Default Warn, as on a real server. */
export function readFieldValidation(query: URLSearchParams): FieldValidation {
  const given = query.get('fieldValidation')
  if (given === null || given === '') return 'Warn'
  const found = FieldValidation.find((value) => value === given)
  if (found !== undefined) return found
  throw badRequest(
    `fieldValidation: Unsupported value: "${given}": supported values: "Ignore", "Strict", "Warn"`,
  )
}

function isDryRun(values: readonly string[]): boolean {
  for (const value of values) {
    if (value !== 'All') throw badRequest(`dryRun: Unsupported value: "${value}": supported values: "All"`)
  }
  return values.length > 0
}

/** DeleteOptions of query and body; the body wins. */
export function readDeleteOptions(query: URLSearchParams, body: unknown): DeleteOptions {
  const value = isObject(body) ? body : {}
  return {
    dryRun: isDryRun([...query.getAll('dryRun'), ...stringsAt(value, 'dryRun')]),
    gracePeriodSeconds: readGrace(query, value),
    propagationPolicy: readPolicy(query, value),
    uid: stringAt(value, 'preconditions', 'uid'),
    resourceVersion: stringAt(value, 'preconditions', 'resourceVersion'),
  }
}

function readGrace(query: URLSearchParams, body: unknown): number | undefined {
  const fromQuery = query.get('gracePeriodSeconds')
  const seconds = numberAt(body, 'gracePeriodSeconds') ?? (fromQuery === null ? undefined : Number(fromQuery))
  if (seconds !== undefined && !Number.isInteger(seconds))
    throw badRequest('gracePeriodSeconds must be an integer')
  return seconds === undefined ? undefined : Math.max(0, seconds)
}

function readPolicy(query: URLSearchParams, body: unknown): DeleteOptions['propagationPolicy'] {
  const given = stringAt(body, 'propagationPolicy') ?? query.get('propagationPolicy') ?? undefined
  switch (given) {
    case 'Background':
    case 'Foreground':
    case 'Orphan':
      return given
    case undefined:
    case '':
      return valueAt(body, 'orphanDependents') === true || query.get('orphanDependents') === 'true'
        ? 'Orphan'
        : undefined
    default:
      throw badRequest(
        `propagationPolicy: Unsupported value: "${given}": supported values: "Foreground", "Background", "Orphan"`,
      )
  }
}
