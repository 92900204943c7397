/** Clusters that are revoked under traffic: real routers, sockets and TLS. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import { TRUST_FILE } from '../../../src/link/credential-source.ts'
import { leafUnder, writeTlsFiles } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { sample, startClient } from '../../support/network.ts'
import { lineOf, type MeshOptions, type MeshRouter, RelayMesh } from '../../support/relay-mesh.ts'
import { echoPort } from '../../support/router-pair.ts'
import { exportingEcho, overUdp } from '../../support/routes.ts'
import { dial, howItEnds, serveEcho } from '../../support/tcp.ts'

const SLOWLY = { within: 60_000 }

const cleanups: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of cleanups.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function kept<T extends AsyncDisposable>(part: T): T {
  cleanups.push(part)
  return part
}

async function meshOf(options: MeshOptions) {
  const server = kept(await serveEcho())
  const mesh = kept(await RelayMesh.start({ authorities: true, ...options }))
  const { routes } = mesh.router('east')
  routes.set({ ...exportingEcho(server.port), links: routes.current().links })
  return { mesh, server }
}

async function clientOf(mesh: RelayMesh, cluster: string): Promise<Socket> {
  const client = await dial(await echoPort(mesh.router(cluster).dataPath))
  await exchange(client, 'hello')
  return client
}

async function exchange(client: Socket, text: string): Promise<void> {
  client.write(text)
  let got = ''
  while (got.length < text.length) got += String((await once(client, 'data'))[0])
  expect(got).toBe(text)
}

/** One router is told, as a founder's controller would tell it. */
function revoke(mesh: RelayMesh, cluster: string, at: string, version = 1): void {
  const statement = mesh.clusterset.statement(version, [{ cluster, at: Date.now() }])
  expect(mesh.router(at).tls.trust.offer(statement)).toBe('newer')
}

function linkOf({ network }: MeshRouter, name: string) {
  return network.linkStatus.current().find((link) => link.name === name)?.state
}

const knows = ({ network }: MeshRouter) => [...network.directory.current().keys()]
const clustersOf = ({ network }: MeshRouter) =>
  [...network.topology.current().routers.values()].map(({ cluster }) => cluster).sort()

describe('a revoked cluster that is next to us', () => {
  test('loses its link, its flows, its records and its place in the network, on both sides', async () => {
    const { mesh, server } = await meshOf(lineOf())
    const [west, east] = [mesh.router('west'), mesh.router('east')]
    const client = await clientOf(mesh, 'west')
    const ended = howItEnds(client)
    revoke(mesh, 'east', 'west')
    expect(await ended).toBe('ECONNRESET')
    await eventually(() => expect(linkOf(west, 'east')?.kind).toBe('revoked'))
    expect(knows(west)).toEqual([])
    expect(west.network.peers.reachable()).toEqual([])
    await eventually(() => expect(clustersOf(west)).toEqual(['west']))
    await eventually(() => expect(server.sockets.size).toBe(0))
    expect(east.tls.trust.standing.current().isSelfGone).toBe(true)
    await eventually(() => expect(east.network.peers.openFlows + west.network.peers.openFlows).toBe(0))
  }, 120_000)

  test('is sent away when it dials, and its Link is not dialled all the time', async () => {
    const { mesh } = await meshOf(lineOf())
    const [west, east] = [mesh.router('west'), mesh.router('east')]
    revoke(mesh, 'west', 'east')
    const refused = () => sample(east.metrics, 'fairlead_link_refused_total{reason="revoked"}')
    await eventually(() => expect(linkOf(west, 'east')?.kind).toBe('revoked'))
    expect(JSON.stringify(linkOf(west, 'east'))).toContain('was revoked')
    expect(await refused()).toBe(0)
    expect(knows(east)).toEqual(['east'])
  }, 120_000)

  test('ends flows that wait for a link', async () => {
    const { mesh, server } = await meshOf(lineOf())
    const [west, east] = [mesh.router('west'), mesh.router('east')]
    const client = await clientOf(mesh, 'west')
    const ended = howItEnds(client)
    mesh.kill('east')
    await eventually(async () =>
      expect(await sample(west.metrics, 'fairlead_router_flows_suspended')).toBe(1),
    )
    await eventually(async () =>
      expect(await sample(east.metrics, 'fairlead_router_flows_suspended')).toBe(1),
    )
    revoke(mesh, 'east', 'west')
    expect(await ended).toBe('ECONNRESET')
    expect(server.sockets.size).toBe(1)
    // East has not heard of it, and finds out when it is reached again: nobody goes on with the flow.
    mesh.revive('east')
    await eventually(async () =>
      expect(await sample(west.metrics, 'fairlead_router_flow_resumes_total{result="revoked"}')).toBe(1),
    )
    await eventually(() => expect(linkOf(west, 'east')?.kind).toBe('revoked'), { within: 20_000 })
  }, 120_000)
})

describe('a revoked cluster behind a relay', () => {
  test('loses its flows while those of the relay go on, wherever it was said', async () => {
    for (const told of ['west', 'middle', 'east']) {
      const { mesh, server } = await meshOf({ ...lineOf('middle'), importing: ['middle'] })
      const own = await clientOf(mesh, 'middle')
      const ended = howItEnds(await clientOf(mesh, 'west'))
      expect(await sample(mesh.router('middle').metrics, 'fairlead_router_relayed_flows')).toBe(1)
      revoke(mesh, 'west', told)
      expect(await ended).toBe('ECONNRESET')
      await eventually(() => expect(server.sockets.size).toBe(1))
      await exchange(own, 'still here')
      expect(await sample(mesh.router('middle').metrics, 'fairlead_router_relayed_flows')).toBe(0)
      for (const cluster of ['middle', 'east']) {
        await eventually(() => expect(clustersOf(mesh.router(cluster))).toEqual(['east', 'middle']))
        expect(mesh.router(cluster).network.peers.reachable()).not.toContain('west')
      }
      own.destroy()
    }
  }, 240_000)

  test('is forgotten by all, and what anybody tells of it is not taken', async () => {
    const { mesh } = await meshOf(lineOf('middle'))
    const west = mesh.router('west')
    expect(knows(west)).toEqual(['east'])
    revoke(mesh, 'east', 'west')
    for (const cluster of ['west', 'middle'])
      await eventually(() => expect(knows(mesh.router(cluster))).toEqual([]))
    await eventually(() => expect(clustersOf(west)).toEqual(['middle', 'west']))
    await mesh.unlink('west', 'middle')
    await mesh.link('west', 'middle')
    expect(knows(west)).toEqual([])
  }, 120_000)

  test('loses its associations', async () => {
    const { mesh } = await meshOf(lineOf('middle'))
    for (const cluster of ['west', 'east']) {
      const { routes } = mesh.router(cluster)
      routes.set(overUdp(routes.current()))
    }
    const { dataPath, network } = mesh.router('west')
    await eventually(() => expect(dataPath.opening()).toEqual([]))
    revoke(mesh, 'east', 'middle')
    await eventually(() => expect(network.peers.reachable()).toEqual(['middle']))
    expect(network.peers.openFlows).toBe(0)
  }, 120_000)
})

test('a statement crosses a partition as soon as it heals', async () => {
  const { mesh } = await meshOf(lineOf('middle'))
  const [west, middle] = [mesh.router('west'), mesh.router('middle')]
  mesh.kill('west')
  await eventually(() => expect(clustersOf(middle)).toEqual(['east', 'middle']))
  revoke(mesh, 'east', 'middle')
  await eventually(() => expect(knows(middle)).toEqual([]))
  expect(knows(west)).toEqual(['east'])
  mesh.revive('west')
  await eventually(() => expect(knows(west)).toEqual([]), { within: 20_000 })
  expect(west.tls.trust.statement?.revoked.map(({ cluster }) => cluster)).toEqual(['east'])
}, 120_000)

test.each([
  ['dials', 'west'],
  ['is dialled', 'east'],
])(
  'a cluster that was cut off when it was revoked, and %s, hears it when it is back',
  async (_how, cut) => {
    const { mesh } = await meshOf(lineOf('middle'))
    const [middle, lost] = [mesh.router('middle'), mesh.router(cut)]
    mesh.kill(cut)
    await eventually(() => expect(clustersOf(middle)).not.toContain(cut))
    revoke(mesh, cut, 'middle', 4)
    expect(lost.tls.trust.statement).toBeUndefined()
    mesh.revive(cut)
    await eventually(() => expect(lost.tls.trust.standing.current().isSelfGone).toBe(true), SLOWLY)
    expect(lost.tls.trust.statement?.version).toBe(4)
    if (cut === 'west') {
      await eventually(() => expect(linkOf(lost, 'middle')?.kind).toBe('revoked'))
      expect(JSON.stringify(linkOf(lost, 'middle'))).toMatch(
        /cluster west was revoked at .*Z by trust statement 4, and that is this cluster/,
      )
    }
    const refused = () => sample(middle.metrics, 'fairlead_link_refused_total{reason="revoked"}')
    const before = await refused()
    await sleep(3_000)
    expect(await refused()).toBe(before)
    expect(clustersOf(middle)).not.toContain(cut)
  },
  120_000,
)

test('a cluster that knows only the revoked one hears of it from that one', async () => {
  const { mesh } = await meshOf(lineOf('middle'))
  const [west, middle] = [mesh.router('west'), mesh.router('middle')]
  mesh.kill('west')
  await eventually(() => expect(clustersOf(middle)).toEqual(['east', 'middle']))
  revoke(mesh, 'middle', 'east')
  await eventually(() => expect(middle.tls.trust.standing.current().isSelfGone).toBe(true))
  mesh.revive('west')
  await eventually(() => expect(linkOf(west, 'middle')?.kind).toBe('revoked'), SLOWLY)
  expect(JSON.stringify(linkOf(west, 'middle'))).toContain('cluster middle was revoked')
  expect([...west.tls.trust.standing.current().gone]).toEqual(['middle'])
}, 120_000)

test('a statement is kept beside the certificate, and holds after a restart', async () => {
  const { mesh } = await meshOf(lineOf())
  const west = mesh.router('west')
  revoke(mesh, 'east', 'west')
  await eventually(() => readFile(join(west.tlsDir, TRUST_FILE), 'utf8'))
  await eventually(() => expect(linkOf(west, 'east')?.kind).toBe('revoked'))
  const again = await mesh.restart('west')
  expect(again.tls.trust.standing.current().gone).toEqual(new Set(['east']))
  await eventually(() => expect(linkOf(again, 'east')?.kind).toBe('revoked'))
  expect(knows(again)).toEqual([])
}, 120_000)

test.each([
  ['by the word of the root', true],
  ['by its new certificate alone', false],
])(
  'a cluster that is invited again is linked and served, %s',
  async (_name, isTold) => {
    const { mesh } = await meshOf(lineOf('middle'))
    const [west, middle, east] = [mesh.router('west'), mesh.router('middle'), mesh.router('east')]
    const at = Date.now() - 2000
    middle.tls.trust.offer(mesh.clusterset.statement(1, [{ cluster: 'east', at }]))
    await eventually(() => expect(knows(west)).toEqual([]))
    await eventually(() => expect(linkOf(middle, 'east')?.kind).toBe('revoked'), SLOWLY)
    const authority = await mesh.clusterset.authority('east', at)
    await writeTlsFiles(east.tlsDir, await leafUnder(authority, 'east'), mesh.clusterset.root.certPem)
    await east.tls.reload()
    if (isTold)
      middle.tls.trust.offer(mesh.clusterset.statement(2, [{ cluster: 'east', at, readmitted: true }]))
    else {
      await mesh.unlink('middle', 'east')
      await mesh.link('middle', 'east')
    }
    await eventually(() => expect(linkOf(middle, 'east')?.kind).toBe('established'), SLOWLY)
    const tlsDir = await mesh.clusterset.memberDir('east', authority, 'controller')
    const controller = await startClient(tlsDir, east.network.port)
    kept({ [Symbol.asyncDispose]: () => controller.stop() })
    // Signed anew, so it is a newer version.
    controller.publish({ ...mesh.records(), sequence: 2 })
    await eventually(() => expect(knows(west)).toEqual(['east']), SLOWLY)
    await eventually(() => expect(clustersOf(west)).toEqual(['east', 'middle', 'west']), SLOWLY)
    await eventually(() => expect(west.network.peers.reachable()).toContain('east'), SLOWLY)
    const client = await clientOf(mesh, 'west')
    client.destroy()
  },
  240_000,
)
