/**
 * A Redis Cluster whose members are pods of several clusters (test/e2e/gossip.yaml), as its clients and its members see
 * it: everything is asked by redis-cli in client pods.
 */
import { expect } from '@jest/globals'
import type { Clusters } from './clusters.ts'

/** What one member says of a member: a line of CLUSTER NODES. */
interface SeenMember {
  readonly id: string
  readonly flags: readonly string[]
  /** Name of its master; absent of a master. */
  readonly master?: string
  readonly connected: boolean
  /** First and last. */
  readonly slots: readonly string[]
}

/** What a member says of itself and of all. */
export interface MemberView {
  /** `key:value` of CLUSTER INFO and INFO replication. */
  readonly info: Readonly<Record<string, string>>
  /** By name; one at an address that is nobody's has that for its name. */
  readonly seen: ReadonlyMap<string, SeenMember>
}

/** A client that reads one key all the time. */
interface Reader {
  /** All lines that it got until now, errors too; values in quotes. */
  answers(): string[]
  stop(): void
}

export const clusterOf = (member: string) => member.split('-')[1] ?? ''
const hostOf = (member: string) =>
  `${member}.${clusterOf(member)}.redis-${clusterOf(member)}.demo.svc.clusterset.local`

export class RedisCluster {
  readonly #clusters: Clusters
  /** Global addresses by the names of the members, such as redis-a-0 of cluster a. */
  readonly addresses: ReadonlyMap<string, string>

  constructor(clusters: Clusters, addresses: ReadonlyMap<string, string>) {
    this.#clusters = clusters
    this.addresses = addresses
  }

  /** Founds it: as many masters as there are replicas, in the order of the addresses. */
  async create(from: string): Promise<void> {
    const members = [...this.addresses.values()].map((address) => `${address}:6379`)
    const create = ['--cluster', 'create', ...members, '--cluster-replicas', '1', '--cluster-yes']
    await this.#clusters.exec(from, ['timeout', '60', 'redis-cli', ...create])
  }

  /** Answers of a member that a client in a cluster reaches by its name: a line each, redirects followed. */
  async ask(from: string, member: string, ...commands: readonly string[]): Promise<string[]> {
    // redis-cli itself waits for ever.
    const command = ['timeout', '10', 'redis-cli', '-c', '-h', hostOf(member)]
    const { stdout } = await this.#clusters.exec(from, command, { input: `${commands.join('\n')}\n` })
    return stdout.split(/\r?\n/).filter((line) => line !== '' && !this.#isRedirect(line))
  }

  /** Clients of all clusters are sent to global addresses. */
  #isRedirect(line: string): boolean {
    const address = /^-> Redirected to slot \[\d+\] located at (.*):6379$/.exec(line)?.[1]
    if (address !== undefined) expect([...this.addresses.values()]).toContain(address)
    return address !== undefined
  }

  async viewOf(member: string, from = clusterOf(member)): Promise<MemberView> {
    const lines = await this.ask(from, member, 'CLUSTER INFO', 'INFO replication', 'CLUSTER NODES')
    const pairs = lines.map((line) => /^(\w+):(.*)$/.exec(line)?.slice(1) as [string, string] | undefined)
    const nodes = lines.map((line) => line.split(' ')).filter(({ length }) => length >= 8)
    const memberAt = new Map([...this.addresses].map(([name, address]) => [`${address}:6379@16379`, name]))
    const names = new Map(nodes.map(([id = '', at = '']) => [id, memberAt.get(at) ?? at]))
    return {
      info: Object.fromEntries(pairs.filter((pair) => pair !== undefined)),
      seen: new Map(nodes.map((node) => [names.get(node[0] ?? '') ?? '', seenMember(node, names)])),
    }
  }

  /**
   * Every member, asked in its own cluster, is sound, sees all others under their global addresses and in the roles of
   * `replicaOf` (replica by master), and has its replica connected from that one's global address.
   */
  async isWhole(replicaOf: Readonly<Record<string, string>>): Promise<void> {
    const names = [...this.addresses.keys()]
    const views = await Promise.all(names.map(async (name) => [name, await this.viewOf(name)] as const))
    for (const [by, { info, seen }] of views) {
      expect({ by, ...info }).toMatchObject({ by, cluster_state: 'ok', cluster_slots_ok: '16384' })
      expect([...seen.keys()].sort()).toEqual([...names].sort())
      for (const { flags, connected } of seen.values()) {
        expect({ by, flags, connected }).toMatchObject({ by, connected: true })
        expect(flags.join()).not.toMatch(/fail|handshake|noaddr/)
      }
      for (const [master, replica] of Object.entries(replicaOf)) {
        expect(seen.get(master)?.slots).toHaveLength(1)
        expect(seen.get(replica)?.master).toBe(master)
      }
      const replica = this.addresses.get(replicaOf[by] ?? '')
      if (replica === undefined) expect({ by, ...info }).toMatchObject({ by, master_link_status: 'up' })
      else expect(info['slave0']).toContain(`ip=${replica},port=6379,state=online`)
    }
  }

  /** Reads a key of the member itself on one connection, ten times a second, until told to stop. */
  readOn(from: string, member: string, key: string): Reader {
    return this.#reader(from, [
      'redis-cli',
      '-h',
      hostOf(member),
      '--no-raw',
      '-r',
      '-1',
      '-i',
      '0.1',
      'GET',
      key,
    ])
  }

  /** The same of a key that others may have: asks again where it was not answered, on a new connection each time. */
  readAnywhere(from: string, member: string, key: string): Reader {
    const loop = 'while :; do timeout 1 redis-cli -c --no-raw -h "$0" GET "$1"; sleep 0.1; done'
    return this.#reader(from, ['sh', '-c', loop, hostOf(member), key])
  }

  #reader(from: string, command: readonly string[]): Reader {
    const child = this.#clusters.startExec(from, command)
    let text = ''
    for (const output of [child.stdout, child.stderr])
      output?.on('data', (chunk) => {
        text += String(chunk)
      })
    const answers = () => {
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
      return lines.filter((line) => line !== '' && !this.#isRedirect(line))
    }
    return { answers, stop: () => void child.kill() }
  }
}

function seenMember(node: readonly string[], names: ReadonlyMap<string, string>): SeenMember {
  const [id = '', , flags = '', master = '-', , , , state, ...slots] = node
  const ofMaster = master === '-' ? {} : { master: names.get(master) ?? master }
  return { id, flags: flags.split(','), slots, connected: state === 'connected', ...ofMaster }
}
