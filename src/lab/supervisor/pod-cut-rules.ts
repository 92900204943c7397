/** Rules that cut single pods of a node off, as a dead network would. Pure. */
import type { NodePlan } from '../node-plan.ts'
import type { ClusterPlan } from '../topology.ts'
import { familyWord, type RuleFamily, ruleFamilies } from './rule-family.ts'

/** Table that holds the pods that are cut off. */
export const POD_CUT_TABLE = 'fairlead-lab-pod-cut'

/**
 * What is forwarded from or to a pod of the set is dropped, after Service addresses have been translated: other
 * clusters and the other pods. Its node still reaches it, so that it stays ready and knows the API. A slow line ends
 * connections with other clusters at the node, so that these are told by where they went first.
 */
export function podCutRules(plan: ClusterPlan, node: NodePlan): string {
  const api = node.index === 0 ? undefined : { address: plan.nodeAddress, port: plan.apiPort }
  return ruleFamilies(plan, node)
    .map((family) => familyRules(family, api))
    .join('')
}

function familyRules({ ip, type, nodeAddress, internet }: RuleFamily, api: Api | undefined): string {
  const abroad = `ct original ${ip} daddr ${internet.network} ct original ${ip} daddr != ${nodeAddress}`
  return `table ${ip} ${POD_CUT_TABLE} {
  set pods {
    type ${type}
  }
  chain forwarded {
    type filter hook forward priority filter - 10; policy accept;${ip === 'ip' && api ? reachApi(api) : ''}
    ${ip} saddr @pods drop
    ${ip} daddr @pods drop
  }
  chain arriving {
    type filter hook input priority filter - 10; policy accept;
    ${ip} saddr @pods ${abroad} drop
  }
  chain leaving {
    type filter hook output priority filter - 10; policy accept;
    ${ip} daddr @pods ${abroad} drop
  }
}
`
}

interface Api {
  readonly address: string
  readonly port: number
}

/** It is on another node, so that the way to it is one that is forwarded. */
const reachApi = ({ address, port }: Api): string => `
    ip daddr ${address} tcp dport ${port} accept
    ip saddr ${address} tcp sport ${port} accept`

/** The change that cuts the pod with these addresses off, or lets it through again. Both may be repeated. */
export function podCutChange(action: 'cut' | 'heal', addresses: readonly string[]): string {
  return addresses.map((address) => addressChange(action, address)).join('')
}

function addressChange(action: 'cut' | 'heal', address: string): string {
  const element = `element ${familyWord(address)} ${POD_CUT_TABLE} pods { ${address} }\n`
  // Deleting what is not there is an error, so that it is put there first, in the same transaction.
  return action === 'cut' ? `add ${element}` : `add ${element}delete ${element}`
}
