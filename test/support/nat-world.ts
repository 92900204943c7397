/** A node and its pods as network namespaces, each pod behind a veth of its own, as many CNIs have it. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { RunCommand } from '../../src/globalnet/command.ts'
import { CommandError } from '../../src/globalnet/nat-errors.ts'
import { missingCommands, namespacesWork } from './missing.ts'
import { run, start } from './run.ts'
import { ROOT } from './source-tree.ts'

const PEER = `${ROOT}/test/support/nat-peer.mjs`

/** The nft of these worlds, such as one of another version: FAIRLEAD_NFT, else the machine's. */
const NFT = process.env['FAIRLEAD_NFT'] ?? 'nft'

/** What pods take for their gateway. */
const GATEWAY = '169.254.1.1'

/** A namespace that lives as long as its process. */
class Namespace {
  readonly #holder: ChildProcess
  readonly #children: ChildProcess[] = []

  constructor() {
    // The group is the namespace's: sleep must not outlive unshare.
    this.#holder = start(['unshare', '--net', 'sh', '-c', 'echo ready; exec sleep 3600'])
  }

  get pid(): number {
    return this.#holder.pid ?? 0
  }

  async ready(): Promise<this> {
    await firstLine(this.#holder)
    await this.sh('ip link set lo up')
    return this
  }

  inside(command: readonly string[]): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--', ...command]
  }

  async sh(script: string): Promise<string> {
    return (await run(this.inside(['sh', '-ec', script]))).stdout
  }

  /** A server or client of nat-peer.mjs that says when it is ready. */
  async peer(...args: readonly string[]): Promise<Peer> {
    const child = start(this.inside([process.execPath, PEER, ...args]))
    this.#children.push(child)
    const peer = new Peer(child)
    await peer.next()
    return peer
  }

  /** What one question brings: an answer, the code of an error, or `silence`. */
  async ask(protocol: 'tcp' | 'udp', to: string, localPort?: number): Promise<string> {
    const [host = '', port = ''] = to.split(':')
    const from = localPort === undefined ? [] : [`${localPort}`]
    return (
      await run(this.inside([process.execPath, PEER, 'ask', protocol, host, port, ...from]))
    ).stdout.trim()
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    this.#holder.kill('SIGKILL')
  }
}

/** A running nat-peer.mjs. */
export class Peer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  async next(): Promise<string> {
    return (await this.#lines.next()).value ?? 'the end'
  }

  /** Asks on the connection or socket that is open. */
  async ask(): Promise<string> {
    this.#child.stdin?.write('\n')
    return await this.next()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  for await (const _ of lines) return
  throw new Error('the namespace ended')
}

/** The node; its default route leads to `outside`. */
export class NatWorld {
  readonly node: Namespace
  readonly #pods = new Map<string, Namespace>()

  private constructor(node: Namespace) {
    this.node = node
  }

  /** `pods`: addresses by name. One called `outside` is no pod, but a machine beyond the node. */
  static async create(pods: Readonly<Record<string, string>>): Promise<NatWorld> {
    const world = new NatWorld(await new Namespace().ready())
    await world.node.sh('echo 1 > /proc/sys/net/ipv4/ip_forward; ip addr add 10.0.9.1/32 dev lo')
    for (const [name, address] of Object.entries(pods)) await world.#join(name, address)
    if (pods['outside'] !== undefined) await world.node.sh('ip route add default dev v-outside src 10.0.9.1')
    return world
  }

  pod(name: string): Namespace {
    const found = this.#pods.get(name)
    if (found === undefined) throw new Error(`no pod ${name}`)
    return found
  }

  stop(): void {
    for (const pod of this.#pods.values()) pod.stop()
    this.node.stop()
  }

  /** For a driver that works in the node's network. */
  readonly run: RunCommand = async (command, input = '') => {
    const chosen = command.map((word) => (word === 'nft' ? NFT : word))
    const { code, stdout, stderr } = await run(this.node.inside(chosen), { input, codes: [0, 1, 2, 127] })
    if (code !== 0) throw new CommandError(command.join(' '), code, stderr)
    return stdout
  }

  /** The same with no other capability than those named, as in a container of user 0. */
  restricted(...capabilities: readonly string[]): RunCommand {
    const kept = ['-all', ...capabilities.map((name) => `+${name}`)].join(',')
    const wrapper = [
      'setpriv',
      `--bounding-set=${kept}`,
      `--inh-caps=${kept}`,
      '--no-new-privs',
      '--',
    ] as const
    return (command, input) => this.run([...wrapper, ...command], input)
  }

  async nft(input: string): Promise<string> {
    return await this.run(['nft', '-f', '-'], input)
  }

  async ruleset(): Promise<string> {
    return await this.run(['nft', 'list', 'ruleset'])
  }

  async #join(name: string, address: string): Promise<void> {
    const pod = await new Namespace().ready()
    this.#pods.set(name, pod)
    await this.node.sh(`
      ip link add v-${name} type veth peer name eth0 netns ${pod.pid}
      ip link set v-${name} up
      ip addr add ${GATEWAY}/32 dev v-${name}
      ip route add ${address}/32 dev v-${name} src 10.0.9.1`)
    await pod.sh(`
      ip addr add ${address}/32 dev eth0
      ip link set eth0 up
      ip route add ${GATEWAY} dev eth0
      ip route add default via ${GATEWAY}`)
  }
}

/** Why there can be no such world here; undefined when there can. */
export function noNatWorld(): string | undefined {
  const missing = missingCommands(NFT, 'ip', 'unshare', 'nsenter')
  if (missing.length > 0) return `${missing.join(', ')} not installed`
  if (process.getuid?.() !== 0) return 'only root makes namespaces that nft may change'
  return namespacesWork() ? undefined : 'this machine gives no network namespaces'
}
