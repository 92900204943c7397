/**
 * A pod's network identity: a network, a host name and an IPC namespace, joined to the node by a veth pair.
 */
import { Holder } from './holder.ts'
import { linkName } from './link-name.ts'

export interface Sysctl {
  readonly name: string
  readonly value: string
}

export interface SandboxRequest {
  readonly hostname: string
  readonly address: string
  readonly gateway: string
  /** A process in the node's network namespace. */
  readonly nodePid: number
  /** Share the maker's network instead of having one. Default false. */
  readonly hostNetwork?: boolean
  /** Kernel settings of its network, by their names; checked. */
  readonly sysctls?: readonly Sysctl[]
  /** Beside `address`; without, the pod has no IPv6. */
  readonly ipv6?: { readonly address: string; readonly gateway: string } | undefined
}

/**
 * Runs in the new namespaces: $1 host name, $2 and $3 what ip(8) is told in the pod and in the node, or nothing, $4 node's
 * process; then pairs of a file in /proc/sys and its content.
 */
const SCRIPT = `hostname "$1"
if [ -n "$2" ]; then
ip -batch - <<EOF
$2
EOF
nsenter --net=/proc/$4/ns/net ip -batch - <<EOF
$3
EOF
fi
shift 4
while [ $# -gt 1 ]; do
printf '%s\n' "$2" > "/proc/sys/$1" || exit 1
shift 2
done`

/**
 * Every node's end of a link has it: nobody answers for an IPv6 address of another of his interfaces, so that the
 * gateway has to be one of the link itself.
 */
const LINK_GATEWAY = 'fe80::1'

/** The pod has a /32 address and routes all through the node, so that Service rules see traffic between pods too. */
export class Sandbox {
  readonly address: string
  readonly address6: string | undefined
  readonly hostname: string
  readonly #holder: Holder

  private constructor(request: SandboxRequest, holder: Holder) {
    this.address = request.address
    this.address6 = request.ipv6?.address
    this.hostname = request.hostname
    this.#holder = holder
  }

  static async create(request: SandboxRequest): Promise<Sandbox> {
    const { hostname, nodePid, hostNetwork = false, sysctls = [] } = request
    const holder = await Holder.create({
      what: `the network of pod ${hostname}`,
      namespaces: hostNetwork ? ['--uts', '--ipc'] : ['--net', '--uts', '--ipc'],
      script: SCRIPT,
      parameters: [
        hostname,
        ...(hostNetwork ? ['', ''] : linkCommands(request)),
        String(nodePid),
        ...sysctls.flatMap(({ name, value }) => [name.replaceAll('.', '/'), value]),
      ],
    })
    return new Sandbox(request, holder)
  }

  /** The process that holds the namespaces. */
  get pid(): number {
    return this.#holder.pid
  }

  namespace(kind: 'net' | 'uts' | 'ipc'): string {
    return this.#holder.namespace(kind)
  }

  async destroy(): Promise<void> {
    await this.#holder.destroy()
  }
}

/** What ip(8) is told in the pod, and in its node. */
function linkCommands({ address, gateway, nodePid, ipv6 }: SandboxRequest): [pod: string, node: string] {
  const name = linkName(address)
  const pod = [
    'link set lo up',
    `link add eth0 type veth peer name ${name} netns ${nodePid}`,
    `addr add ${address}/32 dev eth0`,
    'link set eth0 up',
    `route add ${gateway} dev eth0 scope link`,
    `route add default via ${gateway}`,
  ]
  const node = [`link set ${name} up`, `route replace ${address}/32 dev ${name} src ${gateway}`]
  if (ipv6 !== undefined) {
    pod.push(`addr add ${ipv6.address}/128 dev eth0 nodad`, `route add default via ${LINK_GATEWAY} dev eth0`)
    node.push(
      `addr add ${LINK_GATEWAY}/64 dev ${name} nodad`,
      `route replace ${ipv6.address}/128 dev ${name} src ${ipv6.gateway}`,
    )
  }
  return [pod.join('\n'), node.join('\n')]
}
