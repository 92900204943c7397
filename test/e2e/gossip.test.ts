/**
 * A system whose members tell each other addresses: Redis Cluster over three clusters with globalnet. Each cluster has a
 * master and the replica of another one's, announced by their global addresses.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { clusterOf, RedisCluster } from '../support/redis-cluster.ts'
import { ROOT } from '../support/source-tree.ts'

const ZONE = ['a', 'b', 'c']
const MEMBERS = [0, 1].flatMap((ordinal) => ZONE.map((cluster) => `redis-${cluster}-${ordinal}`))
/** As redis-cli places them, which gives no master a replica on its own host. */
const REPLICA_OF = { 'redis-a-0': 'redis-b-1', 'redis-b-0': 'redis-c-1', 'redis-c-0': 'redis-a-1' }
/** Keys with this in them are in the slots of that master. */
const TAG_OF = { 'redis-a-0': '{b}', 'redis-b-0': '{c}', 'redis-c-0': '{a}' }
type Master = keyof typeof TAG_OF
const MASTERS = ['redis-a-0', 'redis-b-0', 'redis-c-0'] as const satisfies Master[]
const PATIENT = { within: 45_000, every: 250 }

describeInLab(['redis-server', 'redis-cli'], 'a Redis Cluster over three clusters', () => {
  let clusters: Clusters
  let folder: string
  let redis: RedisCluster
  const written = new Map<string, string>()

  const kubectl = async (cluster: string, ...args: string[]) =>
    (await clusters.kubectl(cluster, [...args, '-n', 'demo'])).stdout.trim()

  /** The members' addresses, which they know once they are ready. */
  async function globalAddresses(): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (const member of MEMBERS) {
      const name = `${member}.redis-${clusterOf(member)}`
      const path = 'jsonpath={.status.allocatedIP}'
      found.set(member, await kubectl(clusterOf(member), 'get', 'globalingressip', name, '-o', path))
    }
    return found
  }

  /** Writes ten keys of each master through one member. */
  async function write(from: string, member: string, name: string): Promise<void> {
    const keys = Object.values(TAG_OF).flatMap((tag) =>
      Array.from({ length: 10 }, (_, n) => `${name}-${tag}-${n}`),
    )
    const values = keys.map((key) => `${key}-of-${from}`)
    const commands = keys.map((key, at) => `SET ${key} ${values[at]}`)
    expect(await redis.ask(from, member, ...commands)).toEqual(keys.map(() => 'OK'))
    for (const [at, key] of keys.entries()) written.set(key, values[at] ?? '')
  }

  /** Reads everything that was written through one member. */
  async function read(from: string, member: string): Promise<void> {
    const answers = await redis.ask(from, member, ...[...written.keys()].map((key) => `GET ${key}`))
    expect(answers).toEqual([...written.values()])
  }

  /** A key of this master. */
  const keyOf = (master: Master) => `from-a-${TAG_OF[master]}-0`

  /** Whatever was written to a master is on its replica, too. */
  async function replicated(): Promise<void> {
    for (const master of MASTERS) {
      const commands = [`SET replicated-${TAG_OF[master]} 1`, 'WAIT 1 5000']
      expect(await redis.ask('c', master, ...commands)).toEqual(['OK', '1'])
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-gossip-'))
    clusters = await upLab(ZONE, '--globalnet')
    const yaml = (await readFile(join(ROOT, 'test/e2e/gossip.yaml'), 'utf8')).replaceAll('__DATA__', folder)
    for (const cluster of ZONE) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await apply(clusters, cluster, yaml.replaceAll('__CLUSTER__', cluster))
    }
    for (const cluster of ZONE)
      await kubectl(cluster, 'rollout', 'status', `statefulset/redis-${cluster}`, '--timeout=60s')
    redis = new RedisCluster(clusters, await globalAddresses())
    for (const from of ZONE)
      for (const member of MEMBERS)
        await eventually(async () => expect(await redis.ask(from, member, 'PING')).toEqual(['PONG']), PATIENT)
    await redis.create('a')
  }, 240_000)
  afterAll(async () => {
    await clusters?.down()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  test('every member sees the others, and is seen by its master, under global addresses', async () => {
    const addresses = [...redis.addresses.values()]
    for (const address of addresses) expect(address).toMatch(/^242\./)
    expect(new Set(addresses).size).toBe(MEMBERS.length)
    await eventually(() => redis.isWhole(REPLICA_OF), PATIENT)
  }, 60_000)

  test('what is written through any member is read in every cluster', async () => {
    await write('a', 'redis-b-0', 'from-a')
    await write('b', 'redis-c-1', 'from-b')
    await write('c', 'redis-a-0', 'from-c')
    for (const from of ZONE) await read(from, 'redis-b-0')
    await replicated()
  }, 60_000)

  test('the others serve everything when one cluster is cut off, which itself takes no writes', async () => {
    const readers = {
      'redis-a-0': redis.readAnywhere('c', 'redis-b-0', keyOf('redis-a-0')),
      'redis-b-0': redis.readOn('c', 'redis-b-0', keyOf('redis-b-0')),
      'redis-c-0': redis.readOn('b', 'redis-c-0', keyOf('redis-c-0')),
    }
    /** All readers have five more right answers. */
    const readOn = async () => {
      const right = () => MASTERS.map((master) => readers[master].answers().filter(isValueOf(master)).length)
      const before = right()
      await eventually(() => right().every((count, at) => count >= (before[at] ?? 0) + 5), PATIENT)
    }
    const isValueOf = (master: Master) => (answer: string) => answer === `"${written.get(keyOf(master))}"`
    await readOn()
    await clusters.cut('a', 'b')
    await clusters.cut('a', 'c')
    await eventually(async () => {
      for (const member of ['redis-b-0', 'redis-c-0']) {
        const { info, seen } = await redis.viewOf(member)
        expect(seen.get('redis-a-0')?.flags).toContain('fail')
        expect(seen.get('redis-b-1')?.flags).toContain('master')
        expect(info['cluster_state']).toBe('ok')
      }
    }, PATIENT)
    await read('b', 'redis-c-0')
    await read('c', 'redis-b-0')
    await write('c', 'redis-b-0', 'meanwhile')
    await read('b', 'redis-b-1')
    await eventually(async () => {
      const [answer] = await redis.ask('a', 'redis-a-0', `SET refused-${TAG_OF['redis-a-0']} 1`)
      expect(answer).toMatch(/^CLUSTERDOWN/)
    }, PATIENT)
    await readOn()
    for (const reader of Object.values(readers)) reader.stop()
    for (const master of ['redis-b-0', 'redis-c-0'] as const)
      expect(readers[master].answers().filter((answer) => !isValueOf(master)(answer))).toEqual([])
    const others = readers['redis-a-0'].answers().filter((answer) => !isValueOf('redis-a-0')(answer))
    for (const answer of others) expect(answer).toMatch(/^\(error\) CLUSTERDOWN|^Error: |^Could not connect/)
  }, 120_000)

  test('healed, the cluster that was cut off serves again, with what was written meanwhile', async () => {
    await clusters.heal('a', 'b')
    await clusters.heal('a', 'c')
    await eventually(async () => {
      const { info } = await redis.viewOf('redis-a-0')
      expect(info).toMatchObject({ role: 'slave', master_link_status: 'up' })
    }, PATIENT)
    expect(await redis.ask('a', 'redis-a-0', 'CLUSTER FAILOVER')).toEqual(['OK'])
    await eventually(() => redis.isWhole(REPLICA_OF), PATIENT)
    await write('a', 'redis-a-0', 'healed')
    for (const from of ZONE) await read(from, 'redis-a-0')
  }, 120_000)

  test('a pod that replaces another is the same member at the same address', async () => {
    const before = (await redis.viewOf('redis-c-0')).seen.get('redis-a-0')?.id
    const path = 'jsonpath={.metadata.uid} {.status.conditions[?(@.type=="Ready")].status}'
    const pod = async () => (await kubectl('a', 'get', 'pod', 'redis-a-0', '-o', path)).split(' ')
    const [first] = await pod()
    await kubectl('a', 'delete', 'pod', 'redis-a-0', '--wait=false')
    await eventually(async () => {
      const [second, ready] = await pod()
      expect(second).not.toBe(first)
      expect(ready).toBe('True')
    }, PATIENT)
    await eventually(async () => {
      const seen = (await redis.viewOf('redis-c-0')).seen.get('redis-a-0')
      expect(seen).toMatchObject({ id: before, connected: true })
      expect(seen?.flags.join()).not.toMatch(/fail/)
      await read('c', 'redis-a-0')
    }, PATIENT)
    expect(await globalAddresses()).toEqual(redis.addresses)
  }, 120_000)
})
