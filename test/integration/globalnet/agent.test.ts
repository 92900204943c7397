/** `fairlead agent` on a node: what the Kubernetes API says is in force, and stays so. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { GlobalNetwork } from '../../../src/api/globalnet.ts'
import { Annotation, Label, MANAGED_BY, SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import type { EndpointSlice, Namespace, Pod, Service } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { globalCrds } from '../../support/global-crds.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeUnless } from '../../support/missing.ts'
import { NatWorld, noNatWorld } from '../../support/nat-world.ts'
import { ROOT } from '../../support/source-tree.ts'

const PODS = { client: '10.0.1.2', one: '10.0.1.11', outside: '192.0.2.7' }
const GLOBAL = '242.1.0.1'
const THEIRS = 'table ip theirs {\n chain c {\n type filter hook forward priority 0; policy accept;\n }\n}\n'

describeUnless(noNatWorld(), 'fairlead agent', () => {
  let api: KubeApi
  let world: NatWorld
  let folder: string
  let tunnel: Server
  let clusterset: TestClusterset
  let tlsDir: string
  let agent: Agent
  let before: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'))
    api = await startKubeApi()
    world = await NatWorld.create(PODS)
    await world.pod('one').peer('serve', 'one', 'tcp', '20001')
    tunnel = await bridge(join(folder, 'api'), api.port)
    await world.node.peer('relay', `${api.port}`, join(folder, 'api'))
    await world.nft(THEIRS)
    before = await world.ruleset()
    for (const crd of await globalCrds()) await api.client.create(Resource.customResourceDefinition, crd)
    await objects()
    clusterset = await TestClusterset.create()
    tlsDir = await clusterset.tlsDir('east', 'agent')
    agent = new Agent(world, api.kubeconfig, `--tls-dir=${tlsDir}`)
    await agent.line('agent is running')
  }, 60_000)
  afterAll(async () => {
    await agent?.stop()
    world?.stop()
    tunnel?.close()
    await api?.stop()
    await clusterset?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function objects(): Promise<void> {
    const { client } = api
    for (const name of ['demo', SYSTEM_NAMESPACE]) {
      await client.create<Namespace>(Resource.namespace, { metadata: { name } })
    }
    await eventually(() =>
      client.create<GlobalNetwork>(Resource.globalNetwork, {
        metadata: { name: 'cluster' },
        spec: { range: '242.0.0.0/8' },
      }),
    )
    const status = { range: '242.0.0.0/8' }
    await client.patch(Resource.globalNetwork, { name: 'cluster' }, 'merge', { status }, 'status')
    await client.create<Service>(Resource.service, {
      metadata: {
        namespace: 'demo',
        name: 'derived-hello',
        labels: { [Label.derivedFrom]: 'hello' },
        annotations: { [Annotation.globalIp]: GLOBAL },
      },
      spec: { ports: [{ name: 'web', port: 80, targetPort: 20_001 }] },
    })
    await slice('demo', 'derived-hello', { name: 'web', protocol: 'TCP', port: 20_001 })
    await slice(SYSTEM_NAMESPACE, 'fairlead-router', { name: 'link', protocol: 'TCP', port: 5671 })
    await runningPod()
  }

  const slice = (
    namespace: string,
    service: string,
    port: EndpointSlice['ports'] extends (infer P)[] | undefined ? P : never,
  ) =>
    api.client.create<EndpointSlice>(Resource.endpointSlice, {
      metadata: {
        namespace,
        name: `${service}-1`,
        labels: { [Label.kubeServiceName]: service, [Label.managedBy]: MANAGED_BY },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [PODS.one], conditions: { ready: true } }],
      ports: [port],
    })

  async function runningPod(): Promise<void> {
    const metadata = { namespace: 'demo', name: 'client' }
    const spec = { nodeName: 'node-1', containers: [{ name: 'c', image: 'none' }] }
    await api.client.create<Pod>(Resource.pod, { metadata, spec } as Pod)
    const status = { phase: 'Running', podIP: PODS.client, podIPs: [{ ip: PODS.client }] }
    await api.client.patch(Resource.pod, metadata, 'merge', { status }, 'status')
  }

  const asked = () => world.pod('client').ask('tcp', `${GLOBAL}:80`)
  const serves = () =>
    eventually(async () => expect(await asked()).toBe(`one sees ${PODS.client}`), { within: 5000 })

  test('an imported service is reached by its global address, and the agent is ready', async () => {
    await serves()
    // It is ready once it has had connection tracking forget, too.
    await eventually(async () => expect(await agent.health('/readyz')).toBe('ok\n'))
    expect(await agent.health('/metrics')).toMatch(/^fairlead_agent_elements \d/m)
  })

  test.each([
    'delete table ip fairlead',
    'flush map ip fairlead ports',
    'flush chain ip fairlead translate',
    'insert rule ip fairlead forward drop',
  ])('after "%s" it is so again within five seconds', async (text) => {
    await world.nft(text)
    await serves()
    expect(await agent.health('/metrics')).toMatch(/^fairlead_agent_drift_repairs_total [1-9]/m)
  })

  test('an API server that is away changes nothing', async () => {
    await api.restart(async () => {
      await world.nft('delete table ip fairlead')
      await serves()
    })
  })

  test('a service that is gone is refused', async () => {
    const { client } = api
    await client.delete(Resource.service, { namespace: 'demo', name: 'derived-hello' })
    await eventually(async () => expect(await asked()).toBe('ECONNREFUSED'), { within: 15_000 })
  })

  test('the table stays when the agent ends; --cleanup removes it and nothing else', async () => {
    expect(await agent.stop()).toBe(0)
    expect(await world.ruleset()).toContain('table ip fairlead')
    const cleanup = new Agent(world, api.kubeconfig, '--cleanup')
    await cleanup.line('the nftables table is removed')
    expect(await cleanup.ended()).toBe(0)
    expect(await world.ruleset()).toBe(before)
  })
})

/** From a socket in the file system to a port of this namespace. */
async function bridge(path: string, port: number): Promise<Server> {
  const server = createServer((socket) => {
    const other = connect(port, '127.0.0.1')
    socket.pipe(other).pipe(socket)
    for (const each of [socket, other]) each.on('error', () => [socket, other].map((end) => end.destroy()))
  })
  server.listen(path)
  await once(server, 'listening')
  return server
}

class Agent {
  readonly #world: NatWorld
  readonly #child: ChildProcess
  readonly #lines: { readonly msg?: string; readonly health?: number }[] = []

  constructor(world: NatWorld, kubeconfig: string, ...flags: readonly string[]) {
    this.#world = world
    const fairlead = [process.execPath, join(ROOT, 'src/bin/fairlead.ts'), 'agent']
    const [program = '', ...args] = world.node.inside([
      ...fairlead,
      `--kubeconfig=${kubeconfig}`,
      '--health-port=0',
      ...flags,
    ])
    this.#child = spawn(program, args, {
      env: { ...process.env, NODE_NAME: 'node-1', POD_IP: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.#lines.push(JSON.parse(line)),
    )
  }

  async line(message: string): Promise<{ readonly health?: number }> {
    return await eventually(
      () => {
        const found = this.#lines.find(({ msg }) => msg === message)
        if (found === undefined) throw new Error(`"${message}" was not logged`)
        return found
      },
      { within: 50_000 },
    )
  }

  async health(path: string): Promise<string> {
    const { health } = await this.line('agent is running')
    const script = `fetch('http://127.0.0.1:${health}${path}').then((r) => r.text()).then((t) => process.stdout.write(t))`
    return await this.#world.run([process.execPath, '-e', script])
  }

  /** Its exit code, once it ends by itself. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    return this.#child.exitCode
  }
}
