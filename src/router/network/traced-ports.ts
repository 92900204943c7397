/** Which ports of a service are asked for, by name or number. Pure. */
import type { NumberedPort } from '../explain.ts'
import { MAX_NAMED_PORTS } from './limits.ts'

/** Those of that name; of that number, of every protocol. A name may be all digits: it comes first. */
export function matching<T extends NumberedPort>(ports: readonly T[], wanted: string): readonly T[] {
  const named = ports.filter(({ name }) => name === wanted)
  return named.length > 0 ? named : ports.filter(({ port }) => String(port) === wanted)
}

/** For people: `http (80/TCP), 53/UDP`. */
export function portNames(ports: readonly NumberedPort[]): string {
  const names = ports.slice(0, MAX_NAMED_PORTS).map(portName)
  const more = ports.length - names.length
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function portName({ name, port, protocol }: NumberedPort): string {
  return name === '' ? `${port}/${protocol}` : `${name} (${port}/${protocol})`
}
