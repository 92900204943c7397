/** Clusters of two nodes: where pods go, how they reach each other, and what faults and drains do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ByteClient } from '../../support/byte-client.ts'
import { apply, type Clusters, fairlead, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab, noLabIpv6 } from '../../support/missing.ts'

const SLOW = 60_000

/** Says who it is and who comes, and then every byte again; prints who comes. */
const ECHO = `
import os, socket, threading
server = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
def serve(peer, address):
    who = address[0].removeprefix("::ffff:")
    print(who, flush=True)
    try:
        peer.sendall((os.uname().nodename + " " + who + "\\n").encode())
        while data := peer.recv(65536): peer.sendall(data)
    except OSError as error: print(type(error).__name__, flush=True)
while True: threading.Thread(target=serve, args=server.accept(), daemon=True).start()
`

/** Connects, prints what it is told, and how many milliseconds the answer to a byte takes. */
const ASK = `
import socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
print(peer.recv(1000).decode().strip(), end=" ")
began = time.monotonic()
peer.sendall(b"x"); peer.recv(1)
print(round((time.monotonic() - began) * 1000))
`

const TWO = 'east-node-2'
const NODES = ['east-node', TWO]
/** By cluster and node. */
const EAST = ['172.31.0.10', '172.31.1.10'] as const
const WEST = ['172.31.0.11', '172.31.1.11'] as const

function podSpec(nodeName?: string): object {
  const command = ['python3', '-c', ECHO]
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 }
  const containers = [{ name: 'echo', image: 'none', command, readinessProbe }]
  return {
    terminationGracePeriodSeconds: 1,
    ...(nodeName && { nodeSelector: { [HOST]: nodeName } }),
    containers,
  }
}
const HOST = 'kubernetes.io/hostname'

const pod = (name: string, nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: podSpec(nodeName),
})

const service = (name: string, nodePort: number, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: {
    type: 'LoadBalancer',
    ipFamilyPolicy: 'PreferDualStack',
    selector: { app: name },
    ports: [{ port: nodePort - 30_000, targetPort: 8080, nodePort }],
    ...more,
  },
})

const workload = (kind: string, name: string, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: {
    ...more,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: podSpec() },
  },
})

describeInLab(['python3'], 'clusters of two nodes', () => {
  let lab: Clusters
  const kubectl = async (...args: string[]) => (await lab.kubectl('east', args)).stdout
  const get = (what: string, path: string) => kubectl('get', ...what.split(' '), '-o', `jsonpath=${path}`)
  const list = (...items: object[]) =>
    apply(lab, 'east', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const ask = async (cluster: string, node: string, host: string, port: number) => {
    const command = ['python3', '-c', ASK, host, String(port)]
    const { stdout } = await lab.execOn(cluster, node, command, { timeout: 10_000 })
    const [name = '', from = '', ms = ''] = stdout.trim().split(' ')
    return { name, from, ms: Number(ms) }
  }
  const addressOf = (name: string) => get(`pod ${name}`, '{.status.podIP}')
  /** Nodes of the pods of an app, in order, each as often as it has one. */
  const nodesOf = async (app: string) =>
    (await get(`pods -l app=${app}`, '{.items[*].spec.nodeName}')).split(' ').sort()

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare', '--nodes', '2')
    await kubectl('label', 'node', TWO, 'topology.kubernetes.io/zone=b')
    // A real API server takes pods only when their service account is made.
    await eventually(
      () => list(pod('one', 'east-node'), pod('two', TWO), service('one', 30_081), service('two', 30_082)),
      { within: 20_000 },
    )
    await kubectl('wait', '--for=condition=Ready', 'pod/one', 'pod/two', '--timeout=20s')
    for (const port of [81, 82])
      for (const host of EAST) await eventually(() => ask('west', 'west-node', host, port))
  }, SLOW)
  afterAll(() => lab?.down(), SLOW)

  test('are shown by kubectl and lab status, each with addresses and a part of the pods of its own', async () => {
    expect(await kubectl('get', 'nodes', '-o', 'wide', '--no-headers')).toMatch(
      /^east-node +Ready .* 172\.31\.0\.10 .*\neast-node-2 +Ready .* 172\.31\.1\.10 /,
    )
    expect(await get('nodes', '{.items[*].spec.podCIDR}')).toBe('10.244.0.0/20 10.244.16.0/20')
    const [east] = (await lab.status()).clusters
    expect(east?.nodes.map(({ name, ready, addresses }) => [name, ready, addresses[0]])).toEqual([
      ['east-node', true, EAST[0]],
      [TWO, true, EAST[1]],
    ])
    expect(await addressOf('one')).toMatch(/^10\.244\.[0-7]\./)
    expect(await addressOf('two')).toMatch(/^10\.244\.(1[6-9]|2[0-3])\./)
    expect(await get('pod two', '{.status.hostIP}')).toBe(EAST[1])
  })

  test(
    'spread the pods of a Deployment, and run one of a DaemonSet on each node',
    async () => {
      await list(workload('Deployment', 'spread', { replicas: 4 }))
      await kubectl('rollout', 'status', 'deployment/spread', '--timeout=30s')
      // Only now: its pods would count when the others are placed.
      await list(workload('DaemonSet', 'each'))
      await kubectl('rollout', 'status', 'daemonset/each', '--timeout=30s')
      expect(await nodesOf('spread')).toEqual([...NODES, ...NODES].sort())
      expect(await nodesOf('each')).toEqual(NODES)
    },
    SLOW,
  )

  test(
    'leave a pod waiting that fits nowhere, say why, and place it when it does',
    async () => {
      const picky = pod('picky', TWO)
      await list({ ...picky, spec: { ...picky.spec, nodeSelector: { disk: 'fast' } } })
      const condition = () => get('pod picky', '{.status.conditions[?(@.type=="PodScheduled")].message}')
      const refusal = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
      await eventually(async () => expect(await condition()).toBe(refusal))
      await kubectl('label', 'node', TWO, 'disk=fast')
      await kubectl('wait', '--for=condition=Ready', 'pod/picky', '--timeout=20s')
      expect(await get('pod picky', '{.spec.nodeName}')).toBe(TWO)
      await kubectl('delete', 'pod', 'picky')
    },
    SLOW,
  )

  test('let pods of both nodes reach each other under their own addresses', async () => {
    const [one, two] = [await addressOf('one'), await addressOf('two')]
    const there = await ask('east', 'east-node', two, 8080)
    expect(there).toMatchObject({ name: 'two', from: expect.stringMatching(/^10\.244\.([89]|1[0-5])\./) })
    const back = await ask('east', TWO, one, 8080)
    expect(back).toMatchObject({ name: 'one', from: expect.stringMatching(/^10\.244\.(2[4-9]|3[01])\./) })
    if (noLabIpv6() !== undefined) return
    const [, six = ''] = (await get('pod two', '{.status.podIPs[*].ip}')).split(' ')
    expect(await ask('east', 'east-node', six, 8080)).toMatchObject({
      from: expect.stringMatching(/^fd00:244::/),
    })
  })

  test(
    'serve a Service on every node, wherever its backend is',
    async () => {
      const clusterIp = await get('service two', '{.spec.clusterIP}')
      const inside = await ask('east', 'east-node', clusterIp, 82)
      expect(inside).toMatchObject({ name: 'two', from: expect.stringMatching(/^10\.244\./) })
      const pair = [...EAST, ...(noLabIpv6() === undefined ? ['fd00:31::a', 'fd00:31::1:a'] : [])]
      expect((await get('service two', '{.status.loadBalancer.ingress[*].ip}')).split(' ')).toEqual(pair)
      for (const host of pair)
        for (const node of ['west-node', 'west-node-2'])
          for (const port of [82, 30_082])
            expect(await ask('west', node, host, port)).toHaveProperty('name', 'two')
      // What a node hands on to the other comes back by it; what stays keeps its source.
      expect(await ask('west', 'west-node-2', EAST[0], 82)).toHaveProperty('from', EAST[0])
      expect(await ask('west', 'west-node-2', EAST[1], 82)).toHaveProperty('from', WEST[1])
    },
    SLOW,
  )

  test(
    'keep what comes for a Service of policy Local to the nodes with a backend',
    async () => {
      await list(service('two', 30_082, { externalTrafficPolicy: 'Local' }))
      await eventually(() =>
        expect(ask('west', 'west-node', EAST[0], 82)).rejects.toThrow('ConnectionRefused'),
      )
      expect(await ask('west', 'west-node', EAST[1], 82)).toMatchObject({ name: 'two', from: WEST[0] })
      const clusterIp = await get('service two', '{.spec.clusterIP}')
      expect(await ask('east', 'east-node', clusterIp, 82)).toHaveProperty('name', 'two')
      await list(service('two', 30_082, { externalTrafficPolicy: 'Cluster' }))
      await eventually(() => ask('west', 'west-node', EAST[0], 82))
    },
    SLOW,
  )

  test('name node and zone of endpoints, and resolve names on every node', async () => {
    const told = () =>
      get(
        'endpointslices -l kubernetes.io/service-name=two',
        '{range .items[*].endpoints[*]}{.nodeName}/{.zone} {end}',
      )
    await eventually(async () =>
      expect(new Set((await told()).trim().split(' '))).toEqual(new Set([`${TWO}/b`])),
    )
    expect(await ask('east', TWO, 'one', 81)).toHaveProperty('name', 'one')
  })

  test('show logs of pods on any node', async () => {
    expect(await kubectl('logs', 'one')).toMatch(/^(10\.244|172\.31)\./m)
    expect(await kubectl('logs', 'two')).toMatch(/^(10\.244|172\.31)\./m)
  })

  test(
    'move to the other node what is drained, and come back when uncordoned',
    async () => {
      await kubectl('delete', 'pod', 'two', '--wait')
      await kubectl('drain', TWO, '--ignore-daemonsets', '--timeout=30s')
      await kubectl('rollout', 'status', 'deployment/spread', '--timeout=30s')
      await eventually(async () => expect(await nodesOf('spread')).toEqual(Array(4).fill('east-node')))
      expect(await nodesOf('each')).toEqual(NODES)
      await list(pod('two', TWO))
      const reason = () => get('pod two', '{.status.conditions[?(@.type=="PodScheduled")].reason}')
      await eventually(async () => expect(await reason()).toBe('Unschedulable'))
      await kubectl('uncordon', TWO)
      await kubectl('wait', '--for=condition=Ready', 'pod/two', '--timeout=20s')
      await eventually(() => ask('west', 'west-node', EAST[0], 82))
    },
    SLOW,
  )

  test(
    'are cut and reset as a whole',
    async () => {
      for (const host of EAST) await eventually(() => ask('west', 'west-node-2', host, 82))
      const open = await Promise.all(EAST.map((host) => ByteClient.open(lab, 'west', host, 82)))
      await lab.cut('east', 'west')
      for (const client of open) await client.sends('TimeoutError')
      const pairs = EAST.flatMap((host) => [
        ['west-node', host],
        ['west-node-2', host],
      ]) as [string, string][]
      for (const [node, host] of pairs)
        await expect(ask('west', node, host, 82)).rejects.toThrow('TimeoutError')
      // Inside of a cluster nothing is cut.
      expect(await ask('east', 'east-node', await addressOf('two'), 8080)).toHaveProperty('name', 'two')
      await lab.heal('east', 'west')
      for (const client of open) await client.sends('answered')
      await lab.reset('east')
      for (const client of open) await client.sends('ConnectionResetError')
      for (const client of open) client.kill()
    },
    SLOW,
  )

  test(
    'are slowed as a whole',
    async () => {
      await lab.slow('east', 'west', '--delay', '150')
      for (const node of ['west-node', 'west-node-2'])
        for (const host of EAST) expect((await ask('west', node, host, 82)).ms).toBeGreaterThanOrEqual(300)
      await lab.heal('east', 'west')
      await eventually(async () =>
        expect((await ask('west', 'west-node-2', EAST[1], 82)).ms).toBeLessThan(100),
      )
    },
    SLOW,
  )

  test(
    'cut a single pod of the second node off, which stays ready',
    async () => {
      await lab.cut(`east/two`)
      const two = await addressOf('two')
      await expect(ask('east', 'east-node', two, 8080)).rejects.toThrow('TimeoutError')
      await expect(ask('west', 'west-node', EAST[0], 82)).rejects.toThrow('TimeoutError')
      expect((await lab.status()).cutPods).toEqual([{ cluster: 'east', namespace: 'default', pod: 'two' }])
      expect(await get('pod two', '{.status.conditions[?(@.type=="Ready")].status}')).toBe('True')
      await lab.heal(`east/two`)
      await eventually(() => ask('east', 'east-node', two, 8080))
    },
    SLOW,
  )

  test(
    'lose a node process, which comes back with its pods',
    async () => {
      await lab.kill('east', TWO)
      const [east] = (await lab.status()).clusters
      expect(east?.processes.map(({ name, node }) => node ?? name)).toEqual(['api-server', ...NODES])
      await eventually(async () => {
        const { processes = [] } = (await lab.status()).clusters[0] ?? {}
        expect(processes.map(({ restarts }) => restarts)).toEqual([0, 0, 1])
      })
      await eventually(() => ask('west', 'west-node', EAST[1], 82), { within: 20_000 })
    },
    SLOW,
  )
})

describeInLab([], 'a lab', () => {
  test('refuses several nodes in loopback mode, and more than it has addresses for', async () => {
    const refused = (...flags: string[]) => fairlead(['lab', 'up', '--bare', ...flags], { codes: [2] })
    expect((await refused('--mode', 'loopback', '--nodes', '2')).stderr).toContain(
      'clusters of several nodes need --mode namespaces',
    )
    expect((await refused('--nodes', '9')).stderr).toContain('from 1 to 8')
  })
})
