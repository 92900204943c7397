/**
 * Checks of strings and numbers against the keywords of a schema.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import type { Schema } from '../openapi/schema.ts'
import { type FieldError, invalidValue } from './field-error.ts'

/** Faults of a string: length, pattern, format. */
export function checkString(schema: Schema, value: string, path: string): FieldError[] {
  const faults: FieldError[] = []
  const length = [...value].length
  if (schema.minLength !== undefined && length < schema.minLength) {
    faults.push(
      invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`),
    )
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    faults.push({
      field: path,
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
    })
  }
  if (schema.pattern !== undefined && !toRegExp(schema.pattern).test(value)) {
    faults.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`))
  }
  if (schema.format !== undefined && FORMATS[schema.format]?.(value) === false) {
    faults.push(
      invalidValue(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`),
    )
  }
  return faults
}

/** Go's regular expressions are close to JavaScript's; a leading (?i) becomes a flag. */
function toRegExp(pattern: string): RegExp {
  const insensitive = pattern.startsWith('(?i)')
  return new RegExp(insensitive ? pattern.slice(4) : pattern, insensitive ? 'iu' : '')
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/
const HOSTNAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$/i
const DURATION = /^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$|^0$/

/** Formats that are enforced; others are documentation. */
const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: (value) => isIP(value) !== 0,
  cidr: isCidr,
  uuid: (value) => UUID.test(value),
  'date-time': (value) => DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)),
  date: (value) => /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  hostname: (value) => value.length <= 253 && HOSTNAME.test(value),
  byte: (value) => /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0,
  duration: (value) => DURATION.test(value),
  uri: (value) => URL.canParse(value),
  email: (value) => /^[^@\s]+@[^@\s]+$/.test(value),
}

function isCidr(value: string): boolean {
  const [address = '', bits = ''] = value.split('/')
  const family = isIP(address)
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}

/** Faults of a number: bounds and multiples. */
export function checkNumber(schema: Schema, value: number, path: string): FieldError[] {
  const faults = [...checkMinimum(schema, value, path), ...checkMaximum(schema, value, path)]
  if (schema.multipleOf !== undefined && !isMultiple(value, schema.multipleOf)) {
    faults.push(invalidValue(path, value, `${path} in body should be a multiple of ${schema.multipleOf}`))
  }
  if (schema.format === 'int32' && Math.abs(value) > 2 ** 31) {
    faults.push(invalidValue(path, value, `${path} in body must be of type int32: ${value}`))
  }
  return faults
}

function checkMinimum({ minimum, exclusiveMinimum }: Schema, value: number, path: string): FieldError[] {
  if (minimum === undefined || value > minimum || (value === minimum && exclusiveMinimum !== true)) return []
  const what = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to'
  return [invalidValue(path, value, `${path} in body should be ${what} ${minimum}`)]
}

function checkMaximum({ maximum, exclusiveMaximum }: Schema, value: number, path: string): FieldError[] {
  if (maximum === undefined || value < maximum || (value === maximum && exclusiveMaximum !== true)) return []
  const what = exclusiveMaximum === true ? 'less than' : 'less than or equal to'
  return [invalidValue(path, value, `${path} in body should be ${what} ${maximum}`)]
}

function isMultiple(value: number, of: number): boolean {
  const quotient = value / of
  return Math.abs(quotient - Math.round(quotient)) < 1e-9
}
