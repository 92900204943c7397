/**
 * The networks of a lab: the shared bridge in the lab's own namespace, and for each cluster a node namespace joined to
 * it. All of it belongs to the supervisor's namespaces and vanishes with them.
 */
import { run } from '../command.ts'
import { Holder } from '../sandbox/holder.ts'
import { systemEnv } from '../system-env.ts'
import { type ClusterPlan, INTERNET } from '../topology.ts'
import { nodeRules } from './node-rules.ts'

const BRIDGE = 'internet'

/** Makes the shared network. */
export async function createInternet(): Promise<void> {
  const commands = [
    'link set lo up',
    `link add ${BRIDGE} type bridge`,
    `addr add ${INTERNET.gateway}/${INTERNET.prefix} dev ${BRIDGE}`,
    `link set ${BRIDGE} up`,
  ]
  await run(['ip', '-batch', '-'], { input: `${commands.join('\n')}\n`, env: systemEnv() })
}

/** $1 cluster, $2 address with prefix, $3 gateway, $4 pod gateway, $5 DNS address, $6 supervisor, $7 bridge's end, $8 rules */
const SCRIPT = `hostname "$1"
ip -batch - <<EOF
link set lo up
link add eth0 type veth peer name $7 netns $6
addr add $2 dev eth0
link set eth0 up
route add default via $3
addr add $4/32 dev lo
addr add $5/32 dev lo
EOF
nsenter --net=/proc/$6/ns/net ip link set $7 master ${BRIDGE} up
cd /proc/sys/net/ipv4
echo 1 > ip_forward
for setting in send_redirects rp_filter; do
  echo 0 > conf/all/$setting
  echo 0 > conf/default/$setting
done
cd /
nft -f - <<EOF
$8
EOF`

/** A node's namespaces and the process that holds them. */
export class NodeNetwork {
  readonly plan: ClusterPlan
  readonly #holder: Holder

  private constructor(plan: ClusterPlan, holder: Holder) {
    this.plan = plan
    this.#holder = holder
  }

  static async create(plan: ClusterPlan): Promise<NodeNetwork> {
    const address = `${plan.nodeAddress}/${INTERNET.prefix}`
    const holder = await Holder.create({
      what: `the node of cluster ${plan.name}`,
      namespaces: ['--net', '--uts'],
      script: SCRIPT,
      parameters: [
        plan.name,
        address,
        INTERNET.gateway,
        plan.gateway,
        plan.dnsAddress,
        String(process.pid),
        `node${plan.index}`,
        nodeRules(plan),
      ],
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
