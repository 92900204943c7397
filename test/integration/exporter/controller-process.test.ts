/** `fairlead controller` as a process of its own, against an embedded API server and real routers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { ServiceExport, ServiceImport } from '../../../src/api/mcs.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import type { Lease } from '../../../src/kube/lease.ts'
import type { DirectoryClient } from '../../../src/link/directory-client.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, startClient, startNetwork, stateOf } from '../../support/network.ts'
import { ROOT } from '../../support/source-tree.ts'

const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Fixture {
  readonly api: ApiCluster
  /** The controller's view from cluster west. */
  readonly west: DirectoryClient
  /** Starts a controller of cluster east. */
  run(pod: string, ...flags: string[]): ChildProcess
  restartRouter(): Promise<void>
}

/** Clusters east, with an API server, and west, where the test itself is the controller. */
async function setUp(): Promise<Fixture> {
  const set = await TestClusterset.create()
  cleanups.push(() => set[Symbol.asyncDispose]())
  const routerTls = await set.tlsDir('east')
  let router = await startNetwork({ tlsDir: routerTls })
  const { port } = router.network
  cleanups.push(() => router.network.stop())
  const remote = await startNetwork({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', port)] })
  cleanups.push(() => remote.network.stop())
  const west = await startClient(await set.tlsDir('west', 'controller'), remote.network.port)
  cleanups.push(() => west.stop())
  const { api, kubeconfig } = await startApi()
  const tlsDir = await set.tlsDir('east', 'controller')
  return {
    api,
    west,
    run: (pod, ...flags) =>
      runController(pod, [
        ...['--kubeconfig', kubeconfig, '--tls-dir', tlsDir, '--router', `127.0.0.1:${port}`],
        ...['--health-port', '0', '--log-level', 'error', ...flags],
      ]),
    async restartRouter() {
      await router.network.stop()
      router = await startNetwork({ tlsDir: routerTls, port })
    },
  }
}

async function startApi(): Promise<{ api: ApiCluster; kubeconfig: string }> {
  const api = await ApiCluster.start()
  cleanups.push(() => api[Symbol.asyncDispose]())
  await api.namespace('demo')
  await api.namespace(SYSTEM_NAMESPACE)
  const dir = await mkdtemp(join(tmpdir(), 'fairlead-controller-'))
  cleanups.push(() => rm(dir, { recursive: true, force: true }))
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, api.kubeconfig, { mode: 0o600 })
  return { api, kubeconfig }
}

function runController(pod: string, flags: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, 'src/bin/fairlead.ts'), 'controller', ...flags], {
    env: { ...process.env, POD_NAME: pod, POD_NAMESPACE: SYSTEM_NAMESPACE, POD_IP: '127.0.0.1' },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  cleanups.push(() => ended(child, 'SIGKILL'))
  return child
}

/** Sends the signal and waits for the end; the exit code, or null after a kill. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const end = once(child, 'exit') as Promise<[number | null]>
  child.kill(signal)
  return (await end)[0]
}

async function holder(api: ApiCluster): Promise<string | undefined> {
  const lease = await api.client.get<Lease>(Resource.lease, {
    namespace: SYSTEM_NAMESPACE,
    name: 'fairlead-controller',
  })
  return lease?.spec?.holderIdentity
}

async function whenImported(api: ApiCluster, name: string): Promise<ServiceImport> {
  return await eventually(
    async () => {
      const found = await api.client.get<ServiceImport>(Resource.serviceImport, { namespace: 'demo', name })
      if (found?.spec?.ips === undefined) throw new Error(`${name} has no address yet`)
      return found
    },
    { within: 20_000 },
  )
}

async function exportWeb(api: ApiCluster, name: string): Promise<void> {
  await api.client.create<Service>(Resource.service, {
    metadata: { name, namespace: 'demo' },
    spec: { ports: [{ port: 80 }] },
  })
  await api.client.create<ServiceExport>(Resource.serviceExport, { metadata: { name, namespace: 'demo' } })
}

const exportsOfEast = (west: DirectoryClient) => [
  ...(west.directory.current().get('east')?.records.keys() ?? []),
]

test('imports what other clusters export, and exports to them, through real routers', async () => {
  const { api, west, run } = await setUp()
  west.publish(stateOf('west', 1, 1, ['hello']))
  run('a')
  await exportWeb(api, 'web')
  expect((await whenImported(api, 'hello')).spec?.ports?.[0]?.port).toBe(80)
  await eventually(() => expect(exportsOfEast(west)).toEqual(['demo/web']))
  await eventually(async () => {
    const found = await api.client.get<ServiceExport>(Resource.serviceExport, {
      namespace: 'demo',
      name: 'web',
    })
    const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready')
    expect(ready).toMatchObject({ status: 'True', reason: 'Exported' })
  })
}, 60_000)

test('gives the lease up when told to end, and the replica that waits goes on with everything as it was', async () => {
  const { api, west, run } = await setUp()
  west.publish(stateOf('west', 1, 1, ['hello']))
  const first = run('a')
  const before = await whenImported(api, 'hello')
  run('b')
  expect(await holder(api)).toBe('a')
  expect(await ended(first, 'SIGTERM')).toBe(0)
  await eventually(async () => expect(await holder(api)).toBe('b'), { within: 20_000 })
  await exportWeb(api, 'web')
  await eventually(() => expect(exportsOfEast(west)).toEqual(['demo/web']), { within: 20_000 })
  const after = await whenImported(api, 'hello')
  expect([after.metadata.uid, after.spec]).toEqual([before.metadata.uid, before.spec])
}, 90_000)

test('a killed controller is the leader again at once, and nothing vanishes while routers and it are away', async () => {
  const { api, west, run, restartRouter } = await setUp()
  west.publish(stateOf('west', 1, 1, ['hello']))
  const first = run('a')
  const before = await whenImported(api, 'hello')
  await ended(first, 'SIGKILL')
  await restartRouter()
  run('a')
  await exportWeb(api, 'web')
  await eventually(() => expect(exportsOfEast(west)).toEqual(['demo/web']), { within: 30_000 })
  const after = await whenImported(api, 'hello')
  expect([after.metadata.uid, after.spec]).toEqual([before.metadata.uid, before.spec])
}, 90_000)

test('a flag that cannot be used is a usage error that names it', async () => {
  const child = runController('a', ['--router', 'nowhere'])
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  expect([code, output]).toEqual([2, expect.stringContaining('--router nowhere')])
}, 30_000)
