/** The rules every node has, whatever Services there are. A pure function of the address plan. */
import type { ClusterPlan } from '../topology.ts'

/** Table that holds the peers a node is cut off from. */
export const CUT_TABLE = 'fairlead-lab-cut'

/**
 * Pods leave with the node's address; nobody outside reaches a pod or a Service address by a route of its own; and
 * everything from or to an address in the set `peers` is dropped before connection tracking sees it.
 */
export function nodeRules(plan: ClusterPlan): string {
  return `table ip fairlead-lab-node {
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${plan.podNetwork} oifname "eth0" masquerade
  }
  chain enter {
    type filter hook forward priority filter; policy accept;
    iifname "eth0" ct state new ip daddr ${plan.podNetwork} ct status & dnat == 0 drop
  }
}
table ip ${CUT_TABLE} {
  set peers {
    type ipv4_addr
  }
  chain arriving {
    type filter hook prerouting priority raw; policy accept;
    ip saddr @peers drop
    ip daddr @peers drop
  }
  chain leaving {
    type filter hook output priority raw; policy accept;
    ip daddr @peers drop
  }
}
`
}

/** The change that cuts a node off from `peer`, or lets it through again. Both may be repeated. */
export function cutChange(action: 'cut' | 'heal', peer: string): string {
  const add = `add element ip ${CUT_TABLE} peers { ${peer} }\n`
  // Deleting what is not there is an error, so that it is put there first, in the same transaction.
  return action === 'cut' ? add : `${add}delete element ip ${CUT_TABLE} peers { ${peer} }\n`
}
