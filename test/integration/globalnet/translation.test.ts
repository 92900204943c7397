/** Packets on one node: towards routers and pods by global addresses, and away from routers under global addresses. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { diffNat } from '../../../src/globalnet/nat-diff.ts'
import { GlobalKind, type NatInput, planNat } from '../../../src/globalnet/nat-plan.ts'
import { NftDriver } from '../../../src/globalnet/nft-driver.ts'
import { staleFlows } from '../../../src/globalnet/stale-flows.ts'
import { eventually } from '../../support/eventually.ts'
import { describeUnless, missingCommands } from '../../support/missing.ts'
import { cidr, global } from '../../support/nat-inputs.ts'
import { NatWorld, noNatWorld } from '../../support/nat-world.ts'

const PODS = {
  client: '10.0.1.2',
  backend: '10.0.1.3',
  one: '10.0.1.11',
  two: '10.0.1.12',
  remote: '10.0.2.2',
  outside: '192.0.2.7',
}

/** A table as kube-proxy's, at the usual priorities, with a Service of its own and a masquerade of all that comes from outside. */
const KUBE_PROXY = `
table ip kube-proxy {
  chain services { type nat hook prerouting priority dstnat; policy accept;
    ip daddr 10.96.0.1 tcp dport 80 dnat to ${PODS.backend}:8080
  }
  chain local { type nat hook output priority -100; policy accept;
    ip daddr 10.96.0.1 tcp dport 80 dnat to ${PODS.backend}:8080
  }
  chain masquerading { type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${PODS.outside} masquerade
    ip saddr { ${PODS.one}, ${PODS.two} } ip daddr ${PODS.backend} masquerade
  }
}`

const routed = (address: string, port: number) => [
  global(`tcp ${address} 80`, GlobalKind.routed, `${PODS.one}:${port}`, `${PODS.two}:${port}`),
  global(`udp ${address} 80`, GlobalKind.routed, `${PODS.one}:${port}`, `${PODS.two}:${port}`),
]

const INPUT: NatInput = {
  globals: [
    ...routed('242.1.0.1', 20_001),
    global('tcp 242.1.0.2 80', GlobalKind.direct, `${PODS.backend}:8080`),
    global('tcp 242.1.0.3 80', GlobalKind.direct, `${PODS.backend}:8080`, `${PODS.remote}:8080`),
    global('udp 242.1.0.3 80', GlobalKind.direct, `${PODS.backend}:8080`, `${PODS.remote}:8080`),
  ],
  routers: { ready: [PODS.one, PODS.two], all: [PODS.one, PODS.two] },
  localPods: [PODS.client, PODS.backend, PODS.one, PODS.two],
  sources: [{ router: PODS.one, first: 32_768, last: 32_831, address: '242.9.0.3' }],
  ranges: [cidr('242.0.0.0/8')],
}

const conntrack = missingCommands('conntrack').length === 0 ? test : test.skip

describeUnless(noNatWorld(), 'global addresses on a node', () => {
  let world: NatWorld
  let driver: NftDriver
  beforeAll(async () => {
    world = await NatWorld.create(PODS)
    await world.nft(KUBE_PROXY)
    for (const name of ['one', 'two']) {
      for (const protocol of ['tcp', 'udp']) await world.pod(name).peer('serve', name, protocol, '20001')
    }
    for (const name of ['backend', 'remote']) {
      for (const protocol of ['tcp', 'udp']) await world.pod(name).peer('serve', name, protocol, '8080')
    }
    await world.node.peer('serve', 'node', 'tcp', '8080')
    driver = new NftDriver({ log: silentLogger, run: world.run })
  })
  afterAll(() => world?.stop())
  beforeEach(() => put(INPUT))

  const put = async (input: NatInput) => {
    const before = await driver.read()
    const plan = planNat(input)
    const changes = diffNat(before, plan)
    if (changes.length > 0) await driver.apply(changes)
    await driver.forget(staleFlows(before, plan))
  }
  const client = () => world.pod('client')
  const asked = async (times: number, protocol: 'tcp' | 'udp', to: string) => {
    const answers = await Promise.all(Array.from({ length: times }, () => client().ask(protocol, to)))
    return [...new Set(answers)].sort()
  }

  test.each(['tcp', 'udp'] as const)(
    'a pod reaches the routers by %s, spread, and is seen as itself',
    async (protocol) => {
      expect(await asked(16, protocol, '242.1.0.1:80')).toEqual([
        `one sees ${PODS.client}`,
        `two sees ${PODS.client}`,
      ])
    },
  )

  test.each(['tcp', 'udp'] as const)(
    'a router that is not ready gets no new connection by %s',
    async (protocol) => {
      await put({ ...INPUT, routers: { ...INPUT.routers, ready: [PODS.two] } })
      expect(await asked(8, protocol, '242.1.0.1:80')).toEqual([`two sees ${PODS.client}`])
    },
  )

  test('a connection stays where it is while routers and imports come and go', async () => {
    const connection = await client().peer('talk', 'tcp', '242.1.0.1', '80')
    const answer = await connection.ask()
    await put({
      ...INPUT,
      globals: routed('242.1.0.8', 20_001),
      routers: { ...INPUT.routers, ready: [PODS.two] },
    })
    expect(await connection.ask()).toBe(answer)
    await put({ ...INPUT, routers: { ...INPUT.routers, ready: [PODS.one] } })
    expect(await connection.ask()).toBe(answer)
  })

  test('the node itself reaches them too', async () => {
    expect(await world.node.ask('tcp', '242.1.0.1:80')).toMatch(/^(one|two) sees 10\.0\.9\.1$/)
    expect(await world.node.ask('tcp', '242.1.0.2:80')).toBe('backend sees 10.0.9.1')
  })

  test('a client from outside is seen as the node, so that its answers come back this way', async () => {
    expect(await world.pod('outside').ask('tcp', '242.1.0.1:80')).toMatch(
      /^(one|two) sees (10\.0\.9|169\.254\.1)\.1$/,
    )
  })

  test('local pods are reached without a router', async () => {
    expect(await asked(2, 'tcp', '242.1.0.2:80')).toEqual([`backend sees ${PODS.client}`])
    expect(await asked(16, 'tcp', '242.1.0.3:80')).toEqual([
      `backend sees ${PODS.client}`,
      `remote sees ${PODS.client}`,
    ])
  })

  test('a pod reaches itself by its global address', async () => {
    expect(await world.pod('backend').ask('tcp', '242.1.0.2:80')).toMatch(/^backend sees /)
  })

  test.each([
    ['a port that is nobody’s', '242.1.0.1:81'],
    ['an address that is nobody’s', '242.77.0.1:80'],
  ])('%s is refused at once, to pods and to the node', async (_, to) => {
    expect(await client().ask('tcp', to)).toBe('ECONNREFUSED')
    expect(await client().ask('udp', to)).toBe('ECONNREFUSED')
    expect(await world.node.ask('tcp', to)).toBe('ECONNREFUSED')
    expect(await world.node.ask('udp', to)).toMatch(/ECONNREFUSED|EPERM/)
  })

  test.each(['tcp', 'udp'] as const)(
    'a router that connects from a slot is seen under its address (%s)',
    async (protocol) => {
      const router = world.pod('one')
      expect(await router.ask(protocol, `${PODS.backend}:8080`, 32_770)).toBe('backend sees 242.9.0.3')
    },
  )

  test('the node as a backend sees it too', async () => {
    expect(await world.pod('one').ask('tcp', '10.0.9.1:8080', 32_771)).toBe('node sees 242.9.0.3')
    expect(await world.pod('one').ask('tcp', '10.0.9.1:8080', 40_000)).toBe('silence')
  })

  test.each(['tcp', 'udp'] as const)('a slot that nobody told of is dropped (%s)', async (protocol) => {
    const router = world.pod('two')
    expect(await router.ask(protocol, `${PODS.backend}:8080`, 32_770)).toBe('silence')
  })

  test('a connection that waits for its slot comes through once it is told', async () => {
    const router = world.pod('two')
    const answer = router.ask('tcp', `${PODS.backend}:8080`, 50_000)
    await eventually(async () => (await router.sh('cat /proc/net/tcp')).includes(' 02 '))
    const told = { router: PODS.two, first: 49_984, last: 50_047, address: '242.9.0.4' }
    await put({ ...INPUT, sources: [...INPUT.sources, told] })
    expect(await answer).toBe('backend sees 242.9.0.4')
  })

  test('a connection outlives its slot', async () => {
    const connection = await world.pod('one').peer('talk', 'tcp', PODS.backend, '8080', '32781')
    expect(await connection.ask()).toBe('backend sees 242.9.0.3')
    await put({ ...INPUT, sources: [] })
    expect(await connection.ask()).toBe('backend sees 242.9.0.3')
  })

  test('other ports of a router, and other clients at those ports, are left alone', async () => {
    expect(await world.pod('one').ask('tcp', `${PODS.remote}:8080`, 33_000)).toMatch(
      /^remote sees 10\.0\.1\.11$/,
    )
    expect(await world.pod('one').ask('tcp', `${PODS.backend}:8080`, 15_000)).toMatch(/^backend sees /)
    expect(await client().ask('tcp', `${PODS.backend}:8080`, 33_000)).toBe(`backend sees ${PODS.client}`)
  })

  test('Services of kube-proxy work as ever', async () => {
    expect(await client().ask('tcp', '10.96.0.1:80')).toBe(`backend sees ${PODS.client}`)
    expect(await world.pod('outside').ask('tcp', '10.96.0.1:80')).toMatch(
      /^backend sees (10\.0\.9|169\.254\.1)\.1$/,
    )
  })

  conntrack('UDP clients of a router that is gone go to another one', async () => {
    const socket = await client().peer('talk', 'udp', '242.1.0.1', '80')
    const [name = ''] = (await socket.ask()).split(' ')
    const left = name === 'one' ? 'two' : 'one'
    await put({ ...INPUT, routers: { ready: [PODS[left]], all: [PODS[left]] } })
    expect(await socket.ask()).toBe(`${left} sees ${PODS.client}`)
  })

  conntrack('a TCP client of a router that is gone hears of it with its next byte', async () => {
    const connection = await client().peer('talk', 'tcp', '242.1.0.1', '80')
    const [name = ''] = (await connection.ask()).split(' ')
    const left = name === 'one' ? 'two' : 'one'
    await put({ ...INPUT, routers: { ready: [PODS[left]], all: [PODS[left]] } })
    expect(await connection.ask()).toBe('ECONNRESET')
  })

  conntrack('UDP clients of a local pod that is gone go to another one', async () => {
    const socket = await client().peer('talk', 'udp', '242.1.0.3', '80')
    const [name = ''] = (await socket.ask()).split(' ')
    const left = name === 'backend' ? 'remote' : 'backend'
    await put({ ...INPUT, globals: [global('udp 242.1.0.3 80', GlobalKind.direct, `${PODS[left]}:8080`)] })
    expect(await socket.ask()).toBe(`${left} sees ${PODS.client}`)
  })

  conntrack(
    'a slot that its router, begun anew, has for another address is seen under that one',
    async () => {
      const router = world.pod('one')
      const socket = await router.peer('talk', 'udp', PODS.backend, '8080', '32790')
      expect(await socket.ask()).toBe('backend sees 242.9.0.3')
      socket.kill()
      await put({ ...INPUT, sources: [] })
      await put({ ...INPUT, sources: INPUT.sources.map((source) => ({ ...source, address: '242.9.0.7' })) })
      await eventually(async () =>
        expect(await router.ask('udp', `${PODS.backend}:8080`, 32_790)).toBe('backend sees 242.9.0.7'),
      )
    },
  )

  conntrack('what was sent before there was a table is translated once there is one', async () => {
    await driver.remove()
    await world.pod('outside').sh('ip addr replace 242.1.0.1/32 dev lo')
    await world.pod('outside').peer('serve', 'outside', 'udp', '80', '242.1.0.1')
    const socket = await client().peer('talk', 'udp', '242.1.0.1', '80')
    expect(await socket.ask()).toBe(`outside sees ${PODS.client}`)
    await put(INPUT)
    expect(await socket.ask()).toMatch(/^(one|two) sees /)
  })
})
