/**
 * The networks of a lab: the shared bridge in the lab's own namespace, and for each node of a cluster a namespace joined
 * to it. All of it belongs to the supervisor's namespaces and vanishes with them.
 */
import { run } from '../command.ts'
import { INTERNET, INTERNET6, type NodePlan } from '../node-plan.ts'
import { Holder } from '../sandbox/holder.ts'
import { systemEnv } from '../system-env.ts'
import type { ClusterPlan } from '../topology.ts'
import { nodeRules } from './node-rules.ts'

const BRIDGE = 'internet'

/** Makes the shared network. */
export async function createInternet(ipv6: boolean): Promise<void> {
  const commands = [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${INTERNET.gateway}/${INTERNET.prefix} dev ${BRIDGE}`,
    ...(ipv6 ? [`addr add ${INTERNET6.gateway}/${INTERNET6.prefix} dev ${BRIDGE} nodad`] : []),
    `link set ${BRIDGE} up`,
  ]
  await run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n`, env: systemEnv() })
}

/** $1 host name, $2 what ip(8) is told, $3 supervisor, $4 bridge's end, $5 rules */
const SCRIPT = `hostname "$1"
ip -batch - <<EOF
$2
EOF
nsenter --net=/proc/$3/ns/net ip link set $4 master ${BRIDGE} up
if [ -d /proc/sys/net/ipv6 ]; then echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; fi
cd /proc/sys/net/ipv4
echo 1 > ip_forward
for setting in send_redirects rp_filter; do
  echo 0 > conf/all/$setting
  echo 0 > conf/default/$setting
done
cd /
nft -f - <<EOF
$5
EOF`

function nodeLinks({ nodes, dnsAddress }: ClusterPlan, node: NodePlan, bridgeEnd: string): string {
  const { address, gateway, ipv6 } = node
  return [
    'link set lo up',
    `link add eth0 type veth peer name ${bridgeEnd} netns ${process.pid}`,
    `addr add ${address}/${INTERNET.prefix} dev eth0`,
    'link set eth0 up',
    `route add default via ${INTERNET.gateway}`,
    `addr add ${gateway}/32 dev lo`,
    `addr add ${dnsAddress}/32 dev lo`,
    ...(ipv6 === undefined
      ? []
      : [
          `addr add ${ipv6.address}/${INTERNET6.prefix} dev eth0 nodad`,
          `route add default via ${INTERNET6.gateway}`,
          `addr add ${ipv6.gateway}/128 dev lo nodad`,
        ]),
    ...nodes.filter(({ index }) => index !== node.index).flatMap(routesTo),
  ].join('\n')
}

/** Pods of another node are behind its address. */
function routesTo({ address, podNetwork, ipv6 }: NodePlan): string[] {
  const route = `route add ${podNetwork} via ${address}`
  return ipv6 === undefined ? [route] : [route, `route add ${ipv6.podNetwork} via ${ipv6.address}`]
}

/** A node's namespaces and the process that holds them. */
export class NodeNetwork {
  readonly node: NodePlan
  readonly #holder: Holder

  private constructor(node: NodePlan, holder: Holder) {
    this.node = node
    this.#holder = holder
  }

  static async create(plan: ClusterPlan, node: NodePlan): Promise<NodeNetwork> {
    const bridgeEnd = `node${plan.index}.${node.index}`
    const holder = await Holder.create({
      what: `node ${node.name} of cluster ${plan.name}`,
      namespaces: ['--net', '--uts'],
      script: SCRIPT,
      parameters: [
        node.name,
        nodeLinks(plan, node, bridgeEnd),
        String(process.pid),
        bridgeEnd,
        nodeRules(plan, node),
      ],
    })
    return new NodeNetwork(node, holder)
  }

  /** A process inside the node. */
  get pid(): number {
    return this.#holder.pid
  }

  /** Changes its nftables rules, in one transaction. */
  async applyRules(input: string): Promise<void> {
    await run(this.inside(['nft', '-f', '-']), { input, env: systemEnv() })
  }

  /** `command` as it has to be called to run inside this node. */
  inside(command: readonly string[]): [string, ...string[]] {
    const namespaces = (['net', 'uts'] as const).map((kind) => `--${kind}=${this.#holder.namespace(kind)}`)
    return ['nsenter', ...namespaces, '--', ...command]
  }
}
