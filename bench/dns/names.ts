/** The services that every resolver of the benchmark knows, and what is asked of them. */
import { CLUSTERSET_ZONE } from '../../src/api/names.ts'

/** The one port of each service. */
export const PORT = { name: 'http', protocol: 'TCP', port: 80 } as const

/** The one namespace. */
export const NAMESPACE = 'demo'

/** Services by kind, and endpoints of a headless one. */
const [VIRTUAL, HEADLESS, ENDPOINTS] = [200, 50, 8]

/** Names asked for that nobody has. */
const UNKNOWN = 1_000

/** Services whose SRV records are asked for. Few: dnsmasq looks through all its SRV records for each question. */
const SRV_SERVICES = 8

/** A service and its addresses. */
export interface BenchService {
  readonly name: string
  /** As it is asked for. */
  readonly fqdn: string
  readonly addresses: readonly string[]
}

/** With one address of their own each. */
export const virtualServices: readonly BenchService[] = services(VIRTUAL, 'virtual', (at) => [
  address(96, at),
])

/** That stand for their endpoints. */
export const headlessServices: readonly BenchService[] = services(HEADLESS, 'headless', (at) =>
  Array.from({ length: ENDPOINTS }, (_, endpoint) => address(128, at * ENDPOINTS + endpoint)),
)

/** Those among the first ones that are asked for by their port. */
export const portServices: readonly BenchService[] = virtualServices.slice(0, SRV_SERVICES)

/** The name of a service's port. */
export function portName({ fqdn }: BenchService): string {
  return `_${PORT.name}._${PORT.protocol.toLowerCase()}.${fqdn}`
}

/** One kind of question. */
export interface DnsRow {
  readonly name: string
  readonly label: string
  /** `NAME TYPE`, as dnsperf reads them. */
  readonly questions: readonly string[]
  /** What must come for every question, with how many records in the answer section. */
  readonly rcode: 'NOERROR' | 'NXDOMAIN'
  readonly records: number
}

/** What is asked, in the order of the table. */
export const DNS_ROWS: readonly DnsRow[] = [
  {
    name: 'a',
    label: 'A of a ClusterSetIP import',
    questions: virtualServices.map(({ fqdn }) => `${fqdn} A`),
    rcode: 'NOERROR',
    records: 1,
  },
  {
    name: 'headless',
    label: `A of a headless import, ${ENDPOINTS} endpoints`,
    questions: headlessServices.map(({ fqdn }) => `${fqdn} A`),
    rcode: 'NOERROR',
    records: ENDPOINTS,
  },
  {
    name: 'srv',
    label: 'SRV of a port',
    questions: portServices.map((service) => `${portName(service)} SRV`),
    rcode: 'NOERROR',
    records: 1,
  },
  {
    name: 'nxdomain',
    label: 'a name that nobody has',
    questions: services(UNKNOWN, 'unknown', () => []).map(({ fqdn }) => `${fqdn} A`),
    rcode: 'NXDOMAIN',
    records: 0,
  },
]

function services(
  count: number,
  kind: string,
  addressesOf: (at: number) => readonly string[],
): BenchService[] {
  return Array.from({ length: count }, (_, at) => {
    const name = `${kind}-${at}`
    return { name, fqdn: `${name}.${NAMESPACE}.svc.${CLUSTERSET_ZONE}`, addresses: addressesOf(at) }
  })
}

function address(net: number, at: number): string {
  return `10.${net}.${at >> 8}.${at & 255}`
}
