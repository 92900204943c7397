/** `fairlead invite` and `join` between two controllers that run as processes of their own, one of which founds. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Invite, JoinRequest } from '../../../src/api/invite.ts'
import type { ClusterProperty } from '../../../src/api/mcs.ts'
import { ClusterPropertyName, SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import { Resource } from '../../../src/api/resources.ts'
import { TRUST, type Trust } from '../../../src/api/trust.ts'
import { authorityOwner, loadAuthority } from '../../../src/trust/authority-secret.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { fairlead } from '../../support/run-cli.ts'
import { ROOT } from '../../support/source-tree.ts'

const namespace = SYSTEM_NAMESPACE
const SLOW = 60_000

interface Cluster {
  readonly api: ApiCluster
  readonly kubeconfig: string
  readonly port: number
  /** What its controller has logged. */
  log(): string
}

let folder: string
let east: Cluster
let west: Cluster
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-join-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const [eastPort = 0, westPort = 0] = await freePorts(2)
  east = await startCluster('east', eastPort, found)
  west = await startCluster('west', westPort)
}, SLOW)

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
}, SLOW)

async function startCluster(
  name: string,
  port: number,
  prepare: (api: ApiCluster) => Promise<void> = async () => {},
): Promise<Cluster> {
  const api = await ApiCluster.start()
  cleanups.push(() => api[Symbol.asyncDispose]())
  await api.namespace(namespace)
  await prepare(api)
  const kubeconfig = join(folder, name)
  await writeFile(kubeconfig, api.kubeconfig, { mode: 0o600 })
  let log = ''
  const child = startController(name, kubeconfig, port)
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => {
      log += bytes.toString()
    })
  return { api, kubeconfig, port, log: () => log }
}

function startController(pod: string, kubeconfig: string, port: number): ChildProcess {
  const flags = ['--kubeconfig', kubeconfig, '--router', '127.0.0.1:1', '--health-port', '0']
  const child = spawn(
    process.execPath,
    [join(ROOT, 'src/bin/fairlead.ts'), 'controller', ...flags, '--join-port', `${port}`],
    {
      env: { ...process.env, POD_NAME: pod, POD_NAMESPACE: namespace, POD_IP: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  cleanups.push(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

/** What kubectl would apply in a cluster that founds a clusterset. */
async function found({ client }: ApiCluster): Promise<void> {
  const property = (name: string, value: string) =>
    client.create<ClusterProperty>(Resource.clusterProperty, { metadata: { name }, spec: { value } })
  await property(ClusterPropertyName.clusterId, 'east')
  await property(ClusterPropertyName.clusterset, 'harbour')
  await client.create<Trust>(Resource.trust, { metadata: { namespace, name: TRUST }, spec: { found: true } })
}

const invite = (...args: string[]) =>
  fairlead(
    ...['invite', '--kubeconfig', east.kubeconfig, '--timeout', '30'],
    ...['--url', `https://127.0.0.1:${east.port}`, '--endpoint', 'east.example:5671', ...args],
  )
const joining = (file: string, ...args: string[]) =>
  fairlead('join', file, '--kubeconfig', west.kubeconfig, '--timeout', '30', ...args)

test(
  'a cluster without an outside address says how to invite all the same, and leaves no invite behind',
  async () => {
    const { code, stderr } = await fairlead('invite', '--kubeconfig', east.kubeconfig, '--timeout', '30')
    expect(code).toBe(1)
    expect(stderr).toMatch(/Service fairlead-join has no outside address.*spec\.url/)
    expect((await east.api.client.list(Resource.invite)).items).toEqual([])
  },
  SLOW,
)

test(
  'who did not found invites nobody',
  async () => {
    const { code, stderr } = await fairlead('invite', '--kubeconfig', west.kubeconfig, '--timeout', '30')
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not in this cluster'),
    })
  },
  SLOW,
)

test(
  'an invite goes by a file to another cluster, which is a member then',
  async () => {
    const file = join(folder, 'invite.yaml')
    await writeFile(file, 'something that others may read', { mode: 0o644 })
    const made = await invite('--cluster-id', 'west', '--ttl', '5m', '--cost', '4', '-o', file)
    expect(made).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('fairlead join') })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const { code, stderr } = await joining(file, '--no-wait')
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('joining as cluster west'),
    })
    const { client } = west.api
    const request = await eventually(
      async () => {
        const [found] = (await client.list<JoinRequest>(Resource.joinRequest)).items
        if (found?.status?.link === undefined) throw new Error(JSON.stringify(found?.status))
        return found
      },
      { within: 30_000 },
    )
    expect(request.status).toMatchObject({ clusterId: 'west', clusterset: 'harbour', link: 'east' })
    const material = await loadAuthority(client, namespace)
    expect(material && authorityOwner(material)).toEqual({ clusterset: 'harbour', cluster: 'west' })
    const [, secret = ''] = /"([A-Za-z0-9_-]{43})"/.exec(await readFile(file, 'utf8')) ?? []
    expect(secret).toHaveLength(43)
    for (const cluster of [east, west]) expect(cluster.log()).not.toContain(secret)
  },
  SLOW,
)

test(
  'the controller of a new member issues the certificates of its processes',
  async () => {
    await eventually(
      async () => {
        const names = (await west.api.client.list(Resource.secret, { namespace })).items.map(
          ({ metadata }) => metadata.name,
        )
        expect(names).toContain('fairlead-router-tls')
      },
      { within: 30_000 },
    )
  },
  SLOW,
)

test(
  'a member that tries another invite is told to leave first',
  async () => {
    const { stdout } = await invite('--cluster-id', 'north')
    const file = join(folder, 'second.yaml')
    await writeFile(file, stdout)
    const { code, stderr } = await joining(file, '--cluster-id', 'west')
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/AlreadyMember.*fairlead leave/),
    })
  },
  SLOW,
)

test('an invite is listed with what became of it', async () => {
  const { items } = await east.api.client.list<Invite>(Resource.invite)
  const used = items.find(({ status }) => status?.redeemed === 1)
  expect(used?.status?.conditions).toMatchObject([
    { type: 'Ready', status: 'False', reason: 'UsedUp', observedGeneration: 1 },
    { type: 'Redeemed', status: 'True', message: 'by west', observedGeneration: 1 },
  ])
})

test.each([
  [['invite', '--ttl', '1s'], 'is not from 10s to 168h'],
  [['invite', '--redemptions', '0'], 'a whole number from 1 to 100'],
  [['invite', '--cluster-id', 'West'], 'cannot be a cluster id'],
  [['invite', '--url', 'http://east'], 'https://HOST:PORT is wanted'],
  [['invite', '--endpoint', 'east'], 'is not HOST:PORT'],
  [['join'], 'missing required argument'],
  [['join', '/nowhere/file'], 'there is no such file'],
  [['join', 'package.json'], 'not one that "fairlead invite" prints'],
])('%j cannot be used', async (args, why) => {
  const { code, stderr } = await fairlead(...args, '--kubeconfig', east.kubeconfig)
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(why) })
})
