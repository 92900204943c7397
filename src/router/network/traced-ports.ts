/** Which ports of a service are asked for, by name or number. Pure. */
import type { ExplainedPort } from '../explain.ts'
import { MAX_NAMED_PORTS } from './limits.ts'

type NamedPort = Pick<ExplainedPort, 'name' | 'port' | 'protocol'>

/** Those of that name; of that number, of every protocol. A name may be all digits: it comes first. */
export function matching<T extends NamedPort>(ports: readonly T[], wanted: string): readonly T[] {
  const named = ports.filter(({ name }) => name === wanted)
  return named.length > 0 ? named : ports.filter(({ port }) => String(port) === wanted)
}

/** For people: `http (80/TCP), 53/UDP`. */
export function portNames(ports: readonly NamedPort[]): string {
  const names = ports.slice(0, MAX_NAMED_PORTS).map(portName)
  const more = ports.length - names.length
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

function portName({ name, port, protocol }: NamedPort): string {
  return name === '' ? `${port}/${protocol}` : `${name} (${port}/${protocol})`
}
