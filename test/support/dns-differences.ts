/** Where our answers are meant to differ from CoreDNS's, each with its reason; docs/dns.md says the same to people. */
import type { Question, Said } from './dns-ask.ts'
import { ZONE } from './dns-fixture.ts'

const Code = { noError: 0, servFail: 2, nxDomain: 3 } as const

export interface Difference {
  readonly reason: string
  /** `name` is relative to the zone and in lower case. */
  readonly covers: (name: string, type: Question['type'], us: Said, them: Said) => boolean
}

const isNoData = ({ rcode, answers }: Said) => rcode === Code.noError && answers.length === 0

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: 'the specification has no addresses at the name of a port; CoreDNS gives those of the service',
    covers: (name, type, us, them) =>
      /^_[a-z-]+\._(tcp|udp)\./.test(name) && type === 'A' && isNoData(us) && them.answers.length > 0,
  },
  {
    reason: '_tcp has names below it, so it exists (RFC 8020); CoreDNS denies it and with it all below',
    covers: (name, _, us, them) => /^_tcp\./.test(name) && isNoData(us) && them.rcode === Code.nxDomain,
  },
  {
    reason: 'a port without a name has no name; CoreDNS takes the empty one for all ports',
    covers: (name, _, us, them) =>
      name.startsWith('_._tcp.') && us.rcode === Code.nxDomain && them.rcode === Code.noError,
  },
  {
    reason: 'an import without ports has an address all the same; CoreDNS denies it',
    covers: (name, _, us, them) =>
      name.startsWith('noports.') && us.rcode === Code.noError && them.rcode === Code.nxDomain,
  },
  {
    reason: 'an import whose address is about to come is no import without one: clients should try again',
    covers: (name, _, us) => /(^|\.)pending\./.test(name) && us.rcode === Code.servFail,
  },
  {
    reason: 'a name that does not exist has no SOA either; CoreDNS answers without looking',
    covers: (_, type, us, them) => type === 'SOA' && us.rcode === Code.nxDomain && isNoData(them),
  },
  {
    reason: 'names that have others below them exist whatever is asked; CoreDNS denies TXT',
    covers: (name, type, us, them) =>
      type === 'TXT' &&
      /^(|svc|pod|testns\.svc|ns\.dns)$/.test(name) &&
      isNoData(us) &&
      them.rcode === Code.nxDomain,
  },
  {
    reason: 'dns-version and dns exist whatever is asked; CoreDNS knows dns-version TXT alone',
    covers: (name, _, us, them) =>
      /^(dns-version|dns|ns\.dns)$/.test(name) && isNoData(us) && them.rcode === Code.nxDomain,
  },
  {
    reason: 'the multicluster specification is at 1.0.0; CoreDNS names the version of the in-cluster one',
    covers: (name, type) => name === 'dns-version' && type === 'TXT',
  },
  {
    reason: 'our name server has its name in the zone; CoreDNS finds its own only inside the cluster',
    covers: (name, type, us, them) => name === '' && type === 'NS' && us.answers.length > 0 && isNoData(them),
  },
  {
    reason: 'cluster ids may have two labels; CoreDNS cannot read them',
    covers: (name, _, us, them) =>
      name.includes('.name.registry.') && us.rcode === Code.noError && them.rcode === Code.nxDomain,
  },
]

/** The reason for a difference; undefined when there is none. */
export function reasonFor({ name, type }: Question, us: Said, them: Said): string | undefined {
  const relative = name.slice(0, -ZONE.length).replace(/\.$/, '').toLowerCase()
  return DIFFERENCES.find(({ covers }) => covers(relative, type, us, them))?.reason
}
