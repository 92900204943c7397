/** IPv6 in a lab: addresses of pods and nodes, Services of two families, and faults between clusters. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ByteClient } from '../../support/byte-client.ts'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab, describeUnless, noLabIpv6 } from '../../support/missing.ts'

const SLOW = 60_000

/** Says every byte again, on both families; prints who came. */
const ECHO = `
import socket, threading
server = socket.create_server(("::", 8080), family=socket.AF_INET6, dualstack_ipv6=True)
def serve(peer, address):
    print(address[0], flush=True)
    try:
        while data := peer.recv(65536): peer.sendall(data)
    except OSError as error: print(type(error).__name__, flush=True)
while True: threading.Thread(target=serve, args=server.accept(), daemon=True).start()
`

/** Connects, and prints how many milliseconds the answer to a byte takes. */
const ASK = `
import socket, sys, time
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
began = time.monotonic()
peer.sendall(b"x"); peer.recv(1)
print(round((time.monotonic() - began) * 1000))
`

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'echo', labels: { app: 'echo' } },
  spec: {
    containers: [
      {
        name: 'echo',
        image: 'none',
        command: ['python3', '-c', ECHO],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'echo' },
  spec: {
    type: 'LoadBalancer',
    ipFamilyPolicy: 'RequireDualStack',
    selector: { app: 'echo' },
    ports: [{ port: 80, targetPort: 8080, nodePort: 30_080 }],
  },
}

describeUnless(noLabIpv6(), 'IPv6', () => {
  describeInLab(['python3'], 'in a lab', () => {
    let lab: Clusters
    const EAST = 'fd00:31::a'
    const get = async (what: string, path: string) =>
      (await lab.kubectl('east', ['get', ...what.split(' '), '-o', `jsonpath=${path}`])).stdout
    /** Milliseconds of a round trip; throws when there is none. */
    const ask = async (from: string, host: string, port: number) =>
      Number((await lab.exec(from, ['python3', '-c', ASK, host, String(port)], { timeout: 10_000 })).stdout)

    beforeAll(async () => {
      lab = await upLab(['east', 'west'], '--bare', '--private', 'west')
      // A real API server takes pods only when their service account is made.
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [POD, SERVICE] })
      await eventually(() => apply(lab, 'east', input), { within: 20_000 })
      await lab.kubectl('east', ['wait', '--for=condition=Ready', 'pod/echo', '--timeout=20s'])
    }, SLOW)
    afterAll(() => lab?.down(), SLOW)

    test('nodes, pods and Services that ask for it have an address of each family', async () => {
      expect(await get('node east-node', '{.status.addresses[?(@.type=="InternalIP")].address}')).toBe(
        `172.31.0.10 ${EAST}`,
      )
      expect(await get('pod echo', '{.status.podIPs[*].ip}')).toMatch(/^10\.244\.\S+ fd00:244::[\da-f]+$/)
      expect(await get('service echo', '{.spec.clusterIPs[*]}')).toMatch(/^10\.96\.\S+ fd00:96::[\da-f]+$/)
      const ingress = () => get('service echo', '{.status.loadBalancer.ingress[*].ip}')
      await eventually(async () => expect(await ingress()).toBe(`172.31.0.10 ${EAST}`))
      expect(
        await get('endpointslices -l kubernetes.io/service-name=echo', '{.items[*].addressType}'),
      ).toMatch(/IPv4 IPv6|IPv6 IPv4/)
      const { clusters, noIpv6 } = await lab.status()
      expect(clusters.map(({ nodes }) => nodes[0]?.addresses[1])).toEqual([EAST, 'fd00:31::b'])
      expect(noIpv6).toBeUndefined()
    })

    test(
      'a Service loses its second address when it asks for one, and gets one again',
      async () => {
        const families = (policy: string) =>
          lab.kubectl('east', [
            ...['patch', 'service', 'echo', '-p'],
            JSON.stringify({ spec: { ipFamilyPolicy: policy } }),
          ])
        await families('SingleStack')
        expect(await get('service echo', '{.spec.clusterIPs[*]}')).toMatch(/^10\.96\.\S+$/)
        await eventually(() => expect(ask('west', EAST, 80)).rejects.toThrow())
        await families('PreferDualStack')
        expect(await get('service echo', '{.spec.ipFamilies[*]}')).toBe('IPv4 IPv6')
        await eventually(() => ask('west', EAST, 80))
      },
      SLOW,
    )

    test(
      'pods reach Services at their IPv6 address, and other clusters at the node only',
      async () => {
        await eventually(() => ask('west', EAST, 80))
        await ask('west', EAST, 30_080)
        const [, clusterAddress = ''] = (await get('service echo', '{.spec.clusterIPs[*]}')).split(' ')
        const [, podAddress = ''] = (await get('pod echo', '{.status.podIPs[*].ip}')).split(' ')
        await ask('east', clusterAddress, 80)
        await ask('east', podAddress, 8080)
        const logs = (await lab.kubectl('east', ['logs', 'echo'])).stdout
        expect(logs).toContain('fd00:31::b\n') // west's pods leave with their node's address
        // A route of west's own to the same address leads nowhere: there it is another pod, or none.
        await expect(ask('west', podAddress, 8080)).rejects.toThrow()
      },
      SLOW,
    )

    test(
      'nobody opens a connection to a private cluster',
      async () => {
        const spec = { ...SERVICE.spec, ports: [{ port: 80, targetPort: 8080 }] }
        const items = [POD, { ...SERVICE, spec }]
        await apply(lab, 'west', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
        await lab.kubectl('west', ['wait', '--for=condition=Ready', 'pod/echo', '--timeout=20s'])
        await eventually(() => ask('west', 'fd00:31::b', 80))
        await expect(ask('east', 'fd00:31::b', 80)).rejects.toThrow('TimeoutError')
      },
      SLOW,
    )

    test(
      'a cut drops what is open unseen until it is healed, and a reset ends it',
      async () => {
        await eventually(() => ask('west', EAST, 80))
        const client = await ByteClient.open(lab, 'west', EAST, 80)
        await lab.cut('east', 'west')
        await client.sends('TimeoutError')
        await lab.heal('east', 'west')
        await client.sends('answered')
        await lab.reset('east')
        await client.sends('ConnectionResetError')
        client.kill()
      },
      SLOW,
    )

    test(
      'a slow path is slow, and a pod that is cut off is cut off',
      async () => {
        await lab.slow('east', 'west', '--delay', '200')
        expect(await ask('west', EAST, 80)).toBeGreaterThanOrEqual(400)
        await lab.heal('east', 'west')
        await eventually(async () => expect(await ask('west', EAST, 80)).toBeLessThan(100))
        await lab.cut('east/echo')
        await expect(ask('west', EAST, 80)).rejects.toThrow('TimeoutError')
        await lab.heal('east/echo')
        await eventually(() => ask('west', EAST, 80))
      },
      SLOW,
    )
  })
})

describeInLab([], 'a lab without IPv6', () => {
  let lab: Clusters
  beforeAll(async () => {
    lab = await upLab(['east'], '--bare', '--ipv4-only')
  }, SLOW)
  afterAll(() => lab?.down(), SLOW)

  test('says so, and goes on with IPv4', async () => {
    const status = await lab.status()
    expect(status.noIpv6).toBe('it was left out with --ipv4-only')
    expect(status.clusters[0]?.nodes[0]?.addresses).toEqual(['172.31.0.10'])
    const refused = await lab.kubectl('east', ['create', '-f', '-'], {
      input: JSON.stringify({ ...SERVICE, metadata: { name: 'two' } }),
      codes: [1],
    })
    expect(refused.stderr).toContain('this cluster is not configured for dual-stack services')
    const { stdout } = await lab.exec('east', ['ip', '-o', 'addr'])
    expect(stdout).not.toContain('fd00:')
  })
})
