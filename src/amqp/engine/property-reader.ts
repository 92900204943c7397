/**
 * Reads the properties of an attach that a peer may have written in any way: each value is checked, and one that is
 * there and wrong refuses the flow.
 */
import { asCount, asText, type Properties } from '../codec/value.ts'
import { AmqpError, Condition } from '../errors.ts'

/** Absent properties are undefined; wrong ones throw an AmqpError that ends the link only. */
export class PropertyReader {
  readonly #properties: Properties | undefined

  constructor(properties: Properties | undefined) {
    this.#properties = properties
  }

  /** A text that is `valid`. */
  text(key: string, valid: (text: string) => boolean): string | undefined {
    const value = this.#properties?.get(key)
    if (value === undefined) return undefined
    const text = asText(value)
    if (text === undefined || !valid(text)) throw invalid(key)
    return text
  }

  /** A whole number from 0 to `most`. */
  count(key: string, most: number): number | undefined {
    const value = this.#properties?.get(key)
    if (value === undefined) return undefined
    const count = asCount(value)
    if (count === undefined || count > most) throw invalid(key)
    return count
  }

  flag(key: string): boolean | undefined {
    const value = this.#properties?.get(key)
    if (value === undefined) return undefined
    if (value.type !== 'boolean') throw invalid(key)
    return value.value
  }
}

/** The property `key` is not what it must be. */
export function invalid(key: string): AmqpError {
  return new AmqpError(Condition.invalidField, `property ${key} is not valid`, 'link')
}
