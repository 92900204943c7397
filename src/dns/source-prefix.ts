/**
 * Who a message counts against: an IPv4 address, or the /64 of an IPv6 address, in which one host can have any.
 */

/** Groups of 16 bits in an IPv6 address, and in its /64. */
const GROUPS = 8
const PREFIX_GROUPS = 4

/** The prefixes of addresses as sockets tell them; remembers them, so that those who ask often cost a look-up. */
export class SourcePrefixes {
  readonly #known = new Map<string, string>()
  readonly #max: number

  /** Forgets all when it knows `max`. */
  constructor(max: number) {
    this.#max = max
  }

  /** The prefix; an IPv4 address is its own. */
  of(address: string): string {
    if (!address.includes(':')) return address
    const known = this.#known.get(address)
    if (known !== undefined) return known
    if (this.#known.size >= this.#max) this.#known.clear()
    const prefix = prefixOf(address)
    this.#known.set(address, prefix)
    return prefix
  }
}

/** The prefix of an IPv6 address in text form; IPv4 in IPv6 (`::ffff:10.0.0.1`) counts as IPv4. */
function prefixOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail = ''] = address.replace(/%.*$/, '').toLowerCase().split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail)
  const zeros = Array<string>(Math.max(0, GROUPS - before.length - after.length)).fill('0')
  return [...before, ...zeros, ...after].slice(0, PREFIX_GROUPS).join(':')
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
