/**
 * The networks of a lab: the shared bridge in the lab's own namespace, and for each cluster a node namespace joined to
 * it. All of it belongs to the supervisor's namespaces and vanishes with them.
 */
import { run } from '../command.ts'
import { Holder } from '../sandbox/holder.ts'
import { systemEnv } from '../system-env.ts'
import { type ClusterPlan, INTERNET, INTERNET6 } from '../topology.ts'
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

function nodeLinks({ nodeAddress, gateway, dnsAddress, ipv6 }: ClusterPlan, bridgeEnd: string): string {
  return [
    'link set lo up',
    `link add eth0 type veth peer name ${bridgeEnd} netns ${process.pid}`,
    `addr add ${nodeAddress}/${INTERNET.prefix} dev eth0`,
    'link set eth0 up',
    `route add default via ${INTERNET.gateway}`,
    `addr add ${gateway}/32 dev lo`,
    `addr add ${dnsAddress}/32 dev lo`,
    ...(ipv6 === undefined
      ? []
      : [
          `addr add ${ipv6.nodeAddress}/${INTERNET6.prefix} dev eth0 nodad`,
          `route add default via ${INTERNET6.gateway}`,
          `addr add ${ipv6.gateway}/128 dev lo nodad`,
        ]),
  ].join('\n')
}

/** A node's namespaces and the process that holds them. */
export class NodeNetwork {
  readonly plan: ClusterPlan
  readonly #holder: Holder

  private constructor(plan: ClusterPlan, holder: Holder) {
    this.plan = plan
    this.#holder = holder
  }

  static async create(plan: ClusterPlan): Promise<NodeNetwork> {
    const bridgeEnd = `node${plan.index}`
    const holder = await Holder.create({
      what: `the node of cluster ${plan.name}`,
      namespaces: ['--net', '--uts'],
      script: SCRIPT,
      parameters: [plan.name, nodeLinks(plan, bridgeEnd), String(process.pid), bridgeEnd, nodeRules(plan)],
    })
    return new NodeNetwork(plan, holder)
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
