/** An option that is a whole number. */
import { InvalidArgumentError } from 'commander'

/** A parser for commander, which names the option in its error. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`a whole number from ${min} to ${max} is wanted`)
  }
}
