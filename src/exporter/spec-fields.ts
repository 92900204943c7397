/**
 * Reads the fields of a resource's spec as people wrote them: the API server checks what the CRD says, and only when
 * the CRD is ours. The first fault is thrown, with the path of its field.
 */
import { type DurationBounds, parseDuration } from '../core/duration.ts'
import { describeError, FairleadError } from '../core/errors.ts'

/** What a user wrote cannot be used; the message is for the user. */
export class InvalidSpecError extends FairleadError {
  override readonly name = 'InvalidSpecError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('invalid-spec', message, options)
  }
}

/** Makes a value of what is in a field. `path` names the field in messages. */
export type Read<T> = (value: unknown, path: string) => T

/** The value of an optional field; `otherwise` when it is absent. */
export function field<T, D>(object: Fields, path: string, read: Read<T>, otherwise: D): T | D {
  const value = object.values[path]
  return value === undefined ? otherwise : read(value, `${object.path}.${path}`)
}

/** An object and where it stands. */
export interface Fields {
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

export const object: Read<Fields> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(path, 'is no object')
  return { path, values: value as Readonly<Record<string, unknown>> }
}

/** Text that matches; `what` says what it should be. */
export function text(pattern: RegExp, what: string): Read<string> {
  return (value, path) => {
    if (typeof value === 'string' && pattern.test(value)) return value
    throw fault(path, `is no ${what}`)
  }
}

export function oneOf<T extends string>(values: readonly T[]): Read<T> {
  return (value, path) => {
    const found = values.find((candidate) => candidate === value)
    if (found === undefined) throw fault(path, `is none of ${values.join(', ')}`)
    return found
  }
}

export function wholeNumber(min: number, max: number): Read<number> {
  return (value, path) => {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number
    }
    throw fault(path, `is no whole number from ${min} to ${max}`)
  }
}

/** Milliseconds. */
export function duration(bounds: DurationBounds): Read<number> {
  return (value, path) => {
    if (typeof value !== 'string') throw fault(path, 'is no duration such as 30s')
    try {
      return parseDuration(value, bounds)
    } catch (error) {
      throw new InvalidSpecError(`${path}: ${describeError(error)}`, { cause: error })
    }
  }
}

export function list<T>(
  read: Read<T>,
  { min, max }: { readonly min: number; readonly max: number },
): Read<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) {
      throw fault(path, `is no list of ${min} to ${max} entries`)
    }
    return value.map((item, index) => read(item, `${path}[${index}]`))
  }
}

export function map<T>(read: Read<T>, max: number): Read<Map<string, T>> {
  return (value, path) => {
    const entries = Object.entries(object(value, path).values)
    if (entries.length > max) throw fault(path, `has more than ${max} entries`)
    return new Map(entries.map(([key, item]) => [key, read(item, `${path}.${key}`)]))
  }
}

/** The error for a field at `path`. */
export function fault(path: string, message: string): InvalidSpecError {
  return new InvalidSpecError(`${path} ${message}`)
}
