/**
 * How deep objects and lists lie in each other in JSON, found before it is parsed. What is no JSON may be called anything.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `[` and `{`, `]` and `}` differ in one bit each, which is set in the latter of both pairs. */
const OPEN = 0x7b
const CLOSE = 0x7d
const BIT = 0x20

/** Whether there are more than `most` around anything in it. */
export function isDeeperThan(most: number, json: Uint8Array): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] as number
    if (byte === QUOTE) at = endOfText(json, at + 1)
    else if ((byte | BIT) === CLOSE) depth -= 1
    else if ((byte | BIT) === OPEN) {
      depth += 1
      if (depth > most) return true
    }
  }
  return false
}

/** Where the text ends that begins at `start`. */
function endOfText(json: Uint8Array, start: number): number {
  let at = start
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1
  return at
}
