/**
 * A pod's network identity: a network, a host name and an IPC namespace, joined to the node by a veth pair.
 */
import { Holder } from './holder.ts'

export interface SandboxRequest {
  readonly hostname: string
  readonly address: string
  readonly gateway: string
  /** A process in the node's network namespace. */
  readonly nodePid: number
  /** Share the maker's network instead of having one. Default false. */
  readonly hostNetwork?: boolean
}

/** Runs in the new namespaces: $1 host name, $2 address or nothing, $3 gateway, $4 node's end of the link, $5 node's process. */
const SCRIPT = `hostname "$1"
if [ -n "$2" ]; then
ip -batch - <<EOF
link set lo up
link add eth0 type veth peer name $4 netns $5
addr add $2/32 dev eth0
link set eth0 up
route add $3 dev eth0 scope link
route add default via $3
EOF
nsenter --net=/proc/$5/ns/net ip -batch - <<EOF
link set $4 up
route replace $2/32 dev $4 src $3
EOF
fi`

/** The pod has a /32 address and routes all through the node, so that Service rules see traffic between pods too. */
export class Sandbox {
  readonly address: string
  readonly hostname: string
  readonly #holder: Holder

  private constructor(request: SandboxRequest, holder: Holder) {
    this.address = request.address
    this.hostname = request.hostname
    this.#holder = holder
  }

  static async create(request: SandboxRequest): Promise<Sandbox> {
    const { hostname, address, gateway, nodePid, hostNetwork = false } = request
    const holder = await Holder.create({
      what: `the network of pod ${hostname}`,
      namespaces: hostNetwork ? ['--uts', '--ipc'] : ['--net', '--uts', '--ipc'],
      script: SCRIPT,
      parameters: [hostname, hostNetwork ? '' : address, gateway, linkName(address), String(nodePid)],
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

/** Unique in the node as the address is; interface names have at most 15 bytes. */
function linkName(address: string): string {
  return `pod${address.split('.').slice(2).join('.')}`
}
