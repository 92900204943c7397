/** Where a site's own processes reach what it imports: a listener for each port of each ServiceImport. Pure. */
import type { ServiceImport } from '../../api/mcs.ts'
import { Annotation } from '../../api/names.ts'
import type { Protocol } from '../../api/objects.ts'
import type { ListenerSpec } from '../../api/route-snapshot.ts'
import { affinityField } from '../client-affinity.ts'
import { keyOf } from '../stores.ts'
import { SiteFileError } from './site-objects.ts'

/** `PORT[/PROTOCOL]=LOCAL` */
const ENTRY = /^(\d{1,5})(?:\/(TCP|UDP))?=(\d{1,5})$/

/**
 * The ports of an import, each at the same number on this machine unless its annotation `fairlead.dev/listen-ports`
 * says another: `80=8080,53/UDP=5353`. SCTP ports are not forwarded. Throws SiteFileError.
 */
export function siteListeners(serviceImport: ServiceImport): ListenerSpec[] {
  const wanted = listenPorts(serviceImport)
  const { ports = [] } = serviceImport.spec ?? {}
  for (const key of wanted.keys()) {
    if (!ports.some((port) => key === portKey(port))) throw fault(`the import has no port ${key}`)
  }
  return ports.flatMap((port) => {
    const protocol = port.protocol ?? 'TCP'
    if (protocol === 'SCTP') return []
    return [
      {
        service: keyOf(serviceImport),
        protocol,
        port: port.port,
        listenPort: wanted.get(portKey(port)) ?? port.port,
        addresses: [],
        ...affinityField(serviceImport),
      },
    ]
  })
}

function listenPorts({ metadata }: ServiceImport): ReadonlyMap<string, number> {
  const text = metadata.annotations?.[Annotation.listenPorts]?.trim() ?? ''
  const entries = text === '' ? [] : text.split(',')
  return new Map(entries.map((entry) => readEntry(entry.trim())))
}

function readEntry(entry: string): [string, number] {
  const [, port, protocol = 'TCP', local] = ENTRY.exec(entry) ?? []
  const number = Number(local)
  if (!(number >= 1 && number <= 65_535)) throw fault(`"${entry}" is not PORT=LOCAL or PORT/UDP=LOCAL`)
  return [`${Number(port)}/${protocol}`, number]
}

function portKey({
  port,
  protocol = 'TCP',
}: {
  readonly port: number
  readonly protocol?: Protocol
}): string {
  return `${port}/${protocol}`
}

function fault(message: string): SiteFileError {
  return new SiteFileError(`annotation ${Annotation.listenPorts}: ${message}`)
}
