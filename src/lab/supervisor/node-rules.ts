/** The rules every node has, whatever Services there are. A pure function of the address plan. */
import { MAX_RESET_AGES } from '../limits.ts'
import type { NodePlan } from '../node-plan.ts'
import type { ClusterPlan } from '../topology.ts'
import { podCutRules } from './pod-cut-rules.ts'
import { familyWord, type RuleFamily, ruleFamilies } from './rule-family.ts'
import { slowRules } from './slow-rules.ts'

/** Table that holds the peers a node is cut off from. */
export const CUT_TABLE = 'fairlead-lab-cut'

/** Table that knows how old connections with peers are, and which ages are answered with a reset. */
export const RESET_TABLE = 'fairlead-lab-reset'

/**
 * Pods leave with the node's address; nobody outside reaches a pod or a Service address by a route of its own;
 * a private cluster takes no connections at all; everything from or to an address in the set `peers` is dropped before connection tracking sees it; and what belongs
 * to a doomed connection is answered with a reset.
 */
export function nodeRules(plan: ClusterPlan, node: NodePlan): string {
  const families = ruleFamilies(plan, node)
  const own = families.map((family) => familyRules(family, plan.private))
  return [...own, podCutRules(plan, node), slowRules(families)].join('')
}

function familyRules(family: RuleFamily, isPrivate: boolean): string {
  const { ip, podNetwork, siblings } = family
  const uninvited = `ct state new ${ip} daddr ${podNetwork} ct status & dnat == 0`
  return `table ${ip} fairlead-lab-node {
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;${siblings.length === 0 ? '' : betweenNodes(family)}
    ${ip} saddr ${podNetwork} oifname "eth0" masquerade
  }
  chain enter {
    type filter hook forward priority filter; policy accept;
    iifname "eth0" ${siblings.length === 0 ? '' : `${strangers(family)} `}${uninvited} drop
  }${isPrivate ? hidden(family) : ''}
}
${cutRules(family)}${resetRules(family)}`
}

/**
 * Pods keep their address on the way to those of another node. What came for a port of this node and goes on to a pod
 * of another has to come back by this one.
 */
const betweenNodes = ({ ip, podNetwork }: RuleFamily): string => `
    ${ip} saddr ${podNetwork} ${ip} daddr ${podNetwork} accept
    ct status dnat ${ip} daddr ${podNetwork} oifname "eth0" masquerade`

/** Whatever is none of the cluster's pods and nodes. */
const strangers = ({ ip, podNetwork, siblings }: RuleFamily): string =>
  `${ip} saddr != { ${[podNetwork, ...siblings].join(', ')} }`

/** As behind a router at home: only the lab's own end of the network may open connections, for the API server, and the cluster itself. */
const hidden = (family: RuleFamily): string => {
  const { ip, internet, siblings } = family
  const others = siblings.length === 0 ? '' : ` ${strangers(family)}`
  return `
  chain hide {
    type filter hook prerouting priority mangle; policy accept;
    iifname "eth0" ct state new ${ip} saddr != ${internet.gateway}${others} drop
  }`
}

/**
 * What the node itself sends is dropped where it arrives: dropped here, its sender would be told (EPERM). Neighbours
 * still find each other, as they do by ARP: else senders would soon be told that there is no such host.
 */
const cutRules = ({ ip, type }: RuleFamily): string => `table ${ip} ${CUT_TABLE} {
  set peers {
    type ${type}
  }
  chain arriving {
    type filter hook prerouting priority raw; policy accept;${ip === 'ip6' ? NEIGHBOURS : ''}
    ${ip} saddr @peers drop
    ${ip} daddr @peers drop
  }
}
`

const NEIGHBOURS = `
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`

/** A connection has the age (its mark) its peer had when it began; before the first reset that is none, mark 0. */
const resetRules = ({ ip, type }: RuleFamily): string => `table ${ip} ${RESET_TABLE} {
  map ages {
    type ${type} : mark
  }
  set doomed {
    type ${type} . mark
  }
  chain arriving {
    type filter hook prerouting priority mangle; policy accept;
    ct state new meta l4proto tcp ct mark set ${ip} saddr map @ages
    ct state new meta l4proto tcp ct mark set ${ip} daddr map @ages
  }
  chain leaving {
    type filter hook output priority mangle; policy accept;
    ct state new meta l4proto tcp ct mark set ${ip} daddr map @ages
  }
  chain forwarded {
    type filter hook forward priority filter; policy accept;
    meta l4proto tcp ${ip} daddr . ct mark @doomed reject with tcp reset
  }
  chain sent {
    type filter hook output priority filter; policy accept;
    meta l4proto tcp ${ip} daddr . ct mark @doomed reject with tcp reset
  }
}
`

/** The change that cuts a node off from a peer's address, or lets it through again. Both may be repeated. */
export function cutChange(action: 'cut' | 'heal', peer: string): string {
  const element = `element ${familyWord(peer)} ${CUT_TABLE} peers { ${peer} }\n`
  // Deleting what is not there is an error, so that it is put there first, in the same transaction.
  return action === 'cut' ? `add ${element}` : `add ${element}delete ${element}`
}

/**
 * The change that dooms the connections with a peer's address of the given age and makes new ones a step older. Whoever
 * speaks on a doomed one gets a reset from its own node, so that both ends do.
 */
export function resetChange(peer: string, age: number): string {
  const table = `${familyWord(peer)} ${RESET_TABLE}`
  const doom = (action: string, old: number) => `${action} element ${table} doomed { ${peer} . ${old} }\n`
  const forgotten = age - MAX_RESET_AGES
  return [
    doom('add', age),
    forgotten < 0 ? '' : doom('delete', forgotten),
    `add element ${table} ages { ${peer} : ${age} }\n`,
    `delete element ${table} ages { ${peer} }\n`,
    `add element ${table} ages { ${peer} : ${age + 1} }\n`,
  ].join('')
}
