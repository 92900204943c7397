/** Three clusters in a line, traffic between all of them: one at the end is revoked, the other leaves. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ByteClient } from '../support/byte-client.ts'
import { apply, type Clusters, curl, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { DatagramClient } from '../support/datagram-client.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'

const NAMES = ['west', 'relay', 'east'] as const
const SYSTEM = 'fairlead-system'
const SLOWLY = { within: 30_000 }

/** A server that says every byte and datagram again, and one that says its cluster, with their Services and exports. */
function servers(cluster: string): string {
  const echo =
    "require('net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(7000)"
  const datagrams =
    "let got = 0; const udp = require('dgram').createSocket('udp4'); udp.on('error', () => {}).on('message', (message, { port, address }) => { got += 1; udp.send(message, port, address) }).bind(7001)"
  const answer = `(asked, answer) => answer.end(asked.url === '/got' ? String(got) : '${cluster}')`
  const web = `require('http').createServer(${answer}).listen(8080)`
  return ['echo', 'web']
    .map((kind) => server(`${kind}-${cluster}`, `${datagrams}; ${echo}; ${web}`))
    .join('\n---\n')
}

const server = (name: string, script: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: demo}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: server
        image: node
        command: [node, -e, "${script}"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: demo}
spec:
  selector: {app: ${name}}
  ports: [{name: bytes, port: 7000}, {name: datagrams, port: 7001, protocol: UDP}, {name: http, port: 8080}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: ${name}, namespace: demo}
`

const host = (service: string) => `${service}.demo.svc.clusterset.local`
const url = (service: string) => `http://${host(service)}:8080/`

describeInLab(['python3'], 'revoking and leaving', () => {
  let clusters: Clusters

  beforeAll(async () => {
    clusters = await upLab([...NAMES], '--topology', 'line')
    for (const cluster of NAMES) {
      await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
      await apply(clusters, cluster, servers(cluster))
    }
    for (const cluster of NAMES)
      for (const kind of ['echo', 'web']) await rolledOut(clusters, cluster, `${kind}-${cluster}`)
    for (const [from, to] of [
      ['west', 'east'],
      ['east', 'west'],
      ['relay', 'west'],
    ] as const)
      expect(await curlEventually(clusters, from, url(`web-${to}`), 30_000)).toBe(to)
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  const shown = async (cluster: string, object: string, path: string, namespace = SYSTEM) =>
    (await clusters.kubectl(cluster, ['get', object, '-n', namespace, '-o', `jsonpath=${path}`])).stdout
  const imports = async (cluster: string) =>
    (await shown(cluster, 'serviceimports', '{.items[*].metadata.name}', 'demo')).split(' ').filter(Boolean)
  const established = (cluster: string, link: string) =>
    shown(cluster, `link/${link}`, '{.status.conditions[?(@.type=="Established")].reason}')
  const importsOf = (cluster: string) => [`echo-${cluster}`, `web-${cluster}`]

  async function refuses(cluster: string, service: string): Promise<void> {
    await expect(curl(clusters, cluster, '--connect-timeout', '2', url(service))).rejects.toThrow()
  }

  /** Datagrams that the server of a cluster has got, as it says itself. */
  const got = async (cluster: string) =>
    Number(await curl(clusters, cluster, `http://echo-${cluster}.demo.svc.cluster.local:8080/got`))

  /** Its clients go on sending, and its server gets no more of it. */
  async function getsNoMore(cluster: string, client: DatagramClient): Promise<void> {
    const { sent } = await client.counts()
    const before = await got(cluster)
    await eventually(async () => expect((await client.counts()).sent).toBeGreaterThan(sent + 25))
    expect(await got(cluster)).toBe(before)
  }

  test('what a revoked cluster shares ends everywhere, and nothing else does', async () => {
    const toEast = await DatagramClient.open(clusters, 'west', host('echo-east'), 7001)
    const toWest = await DatagramClient.open(clusters, 'relay', host('echo-west'), 7001)
    const overRelay = await ByteClient.open(clusters, 'west', host('echo-east'), 7000)
    const direct = await ByteClient.open(clusters, 'relay', host('echo-west'), 7000)
    const others = await ByteClient.open(clusters, 'relay', host('echo-east'), 7000)
    const revoke = ['revoke', 'west', '--pki', clusters.pki, '--yes', '--context', 'relay']
    const { stderr } = await clusters.fairlead(revoke, { timeout: 60_000 })
    expect(stderr).toContain('revoked west: ended 1 link and its part of 2 imports')
    await eventually(() => getsNoMore('east', toEast), { within: 5_000 })
    await eventually(() => getsNoMore('west', toWest), { within: 5_000 })
    for (const client of [overRelay, direct]) await client.sends('ConnectionResetError')
    await others.sends('answered')
    for (const cluster of ['relay', 'east'])
      await eventually(async () => expect(await imports(cluster)).not.toContain('web-west'), SLOWLY)
    expect(await established('relay', 'west')).toBe('Revoked')
    expect((await imports('east')).sort()).toEqual([...importsOf('east'), ...importsOf('relay')].sort())
    await refuses('relay', 'web-west')
    await refuses('west', 'web-east')
    await others.sends('answered')
    for (const [cluster, client] of [
      ['east', toEast],
      ['west', toWest],
    ] as const)
      await getsNoMore(cluster, client)
    for (const client of [overRelay, direct, others, toEast, toWest]) client.kill()
  }, 180_000)

  test('a restart of everything does not bring it back', async () => {
    for (const cluster of NAMES)
      await clusters.kubectl(cluster, ['delete', 'pods', '--all', '-n', SYSTEM, '--wait=false'])
    for (const cluster of NAMES)
      for (const process of ['router', 'controller', 'dns'])
        await rolledOut(clusters, cluster, `fairlead-${process}`, SYSTEM)
    expect(await curlEventually(clusters, 'relay', url('web-east'), 30_000)).toBe('east')
    await eventually(async () => expect(await established('relay', 'west')).toBe('Revoked'), SLOWLY)
    const message = await shown(
      'relay',
      'link/west',
      '{.status.conditions[?(@.type=="Established")].message}',
    )
    expect(message).toMatch(/cluster west was revoked at .*Z by trust statement 1$/)
    expect((await imports('east')).sort()).toEqual([...importsOf('east'), ...importsOf('relay')].sort())
    await refuses('relay', 'web-west')
    await refuses('west', 'web-east')
  }, 240_000)

  test('a cluster that leaves takes its exports along and keeps nothing of the clusterset', async () => {
    const { stderr } = await clusters.fairlead(['leave', '--yes', '--context', 'east'], { timeout: 60_000 })
    expect(stderr).toContain('left ')
    await eventually(async () => expect(await imports('relay')).toEqual(importsOf('relay')), SLOWLY)
    expect(await imports('east')).toEqual([])
    expect(await shown('east', 'links', '{.items[*].metadata.name}')).toBe('')
    const secrets = await shown('east', 'secrets', '{.items[*].metadata.name}')
    expect(secrets).not.toMatch(/fairlead-(authority|router-tls)/)
    await refuses('relay', 'web-east')
    expect(await clusters.fairlead(['leave', '--yes', '--context', 'east'], { codes: [2] })).toMatchObject({
      stderr: expect.stringContaining('is no member'),
    })
    // What is in the cluster itself goes on.
    const own = await clusters.kubectl('east', ['get', 'service', 'web-east', '-n', 'demo', '-o', 'name'])
    expect(own.stdout).toContain('web-east')
  }, 180_000)

  test('with the root at hand a revoked cluster is let in again without minutes of waiting, and only where that is said', async () => {
    const install = ['install', '--pki', clusters.pki, '--overlay', 'lab', '--context', 'west']
    const refused = await clusters.fairlead(install, { codes: [2] })
    expect(refused.stderr).toMatch(/cluster west was revoked at .* give --readmit to let it in again/)
    await refuses('relay', 'web-west')
    await clusters.fairlead([...install, '--readmit'], { timeout: 60_000 })
    expect(await curlEventually(clusters, 'relay', url('web-west'), 60_000)).toBe('west')
    await eventually(async () => expect(await established('relay', 'west')).toBe('Established'), SLOWLY)
  }, 180_000)

  test('a cluster that is cut off when it is revoked hears it when it is back, and its Link says why', async () => {
    await clusters.fairlead(['link', '--context', 'west', '--to-context', 'relay', '--wait'])
    await clusters.cut('west', 'relay')
    const revoke = ['revoke', 'west', '--pki', clusters.pki, '--yes', '--context', 'relay']
    await clusters.fairlead(revoke, { timeout: 60_000 })
    await clusters.heal('west', 'relay')
    const condition = (object: string, type: string) =>
      shown('west', object, `{.status.conditions[?(@.type=="${type}")]['reason','message']}`)
    await eventually(
      async () =>
        expect(await condition('link/relay', 'Established')).toMatch(
          /^Revoked cluster west was revoked at .*Z by trust statement 2, and that is this cluster$/,
        ),
      SLOWLY,
    )
    await eventually(
      async () => expect(await condition('trust/clusterset', 'Ready')).toMatch(/^Revoked /),
      SLOWLY,
    )
    await refuses('relay', 'web-west')
  }, 180_000)

  test('who may not revoke is told why', async () => {
    const here = ['revoke', 'west', '--yes', '--context', 'relay']
    const refused = await clusters.fairlead(here, { codes: [2] })
    expect(refused.stderr).toContain('revoke where the root is, or give its folder with --pki DIR')
    const itself = ['revoke', 'relay', '--pki', clusters.pki, '--yes', '--context', 'relay']
    expect((await clusters.fairlead(itself, { codes: [2] })).stderr).toContain('relay is this cluster itself')
    const unasked = ['revoke', 'west', '--pki', clusters.pki, '--context', 'relay']
    expect((await clusters.fairlead(unasked, { codes: [2] })).stderr).toContain('Give --yes')
  }, 60_000)
})
