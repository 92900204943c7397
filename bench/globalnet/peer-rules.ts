/** The same translations in rules that are looked through one after the other, as texts for nft and iptables-restore. */
import { SetName } from '../../src/globalnet/nat-plan.ts'
import type { NatTable } from '../../src/globalnet/nat-table.ts'

/** One port of a global address, and where it leads. */
export interface Translation {
  readonly address: string
  readonly port: string
  readonly target: string
  readonly targetPort: string
}

/** What a table of ours translates; where all routers serve, the peers have the first: fewer rules for them. */
export function translationsOf({ sets }: NatTable, router: string): Translation[] {
  const routed = [...(sets.get('ports')?.elements ?? [])].map(
    ([key, port]) => [key, `${router} . ${port}`] as const,
  )
  const direct = [...(sets.get(SetName.endpoints)?.elements ?? [])]
  return [...routed, ...direct].map(([key, value]) => {
    const [, address = '', port = ''] = key.split(' . ')
    const [target = '', targetPort = ''] = value.split(' . ')
    return { address, port, target, targetPort }
  })
}

/** Name of the table that `nftRules` makes. */
export const PEER_TABLE = 'peer'

/** One rule for each. */
export function nftRules(translations: readonly Translation[]): string {
  const rules = translations.map(
    ({ address, port, target, targetPort }) =>
      `ip daddr ${address} tcp dport ${port} dnat to ${target}:${targetPort}`,
  )
  return [
    `table ip ${PEER_TABLE} {`,
    'chain services {',
    ...rules,
    '}',
    ...['prerouting', 'output'].map(
      (hook) => `chain ${hook} { type nat hook ${hook} priority -100; policy accept; jump services; }`,
    ),
    '}\n',
  ].join('\n')
}

/** As kube-proxy writes them in mode iptables: a rule in KUBE-SERVICES, a chain for the Service, one for its endpoint. */
export function iptablesRules(translations: readonly Translation[]): string {
  const chains = translations.flatMap((_, index) => [
    `:KUBE-SVC-${index} - [0:0]`,
    `:KUBE-SEP-${index} - [0:0]`,
  ])
  const rules = translations.flatMap(({ address, port, target, targetPort }, index) => [
    `-A KUBE-SERVICES -d ${address}/32 -p tcp -m tcp --dport ${port} -j KUBE-SVC-${index}`,
    `-A KUBE-SVC-${index} -j KUBE-SEP-${index}`,
    `-A KUBE-SEP-${index} -p tcp -m tcp -j DNAT --to-destination ${target}:${targetPort}`,
  ])
  return [
    '*nat',
    ':KUBE-SERVICES - [0:0]',
    ...chains,
    '-A PREROUTING -j KUBE-SERVICES',
    '-A OUTPUT -j KUBE-SERVICES',
    ...rules,
    'COMMIT\n',
  ].join('\n')
}

/** What takes `iptablesRules` away. */
export const NO_IPTABLES_RULES =
  '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n'
