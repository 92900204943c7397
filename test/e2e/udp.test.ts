/** Datagrams through the mesh: boundaries, sizes, real clients and servers of UDP, and what is left when they are done. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createAuthority, issueCertificate } from '../../src/pki/certificates.ts'
import { type Clusters, peerConfig, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab, describeWith } from '../support/missing.ts'
import {
  applyAll,
  type PeerPort,
  peerDeployment,
  peerService,
  serviceExport,
  trafficPolicy,
} from '../support/peer-objects.ts'
import { routerMetrics } from '../support/process-metrics.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const host = (service: string) => `${service}.demo.svc.clusterset.local`
const peer = join(ROOT, 'test/support/udp-peer.mjs')
const udp = (port: number, targetPort = port) => ({ port, targetPort, protocol: 'UDP' as const })

const ASSOCIATIONS = 10_000

/** Memory of a router may differ by this much between two equal loads: V8 collects when it likes. Bytes. */
const MEMORY_SLACK = 48 << 20

/** The file served over HTTP/3 holds the numbers up to this one: 5 MB. */
const LAST_LINE = '730000'

/** A TXT record that no plain UDP answer has room for. */
const LONG = Array.from({ length: 12 }, (_, i) => `${i}-${'x'.repeat(90)}`)

const DNSMASQ = [
  ...[
    'dnsmasq',
    '--keep-in-foreground',
    '--no-resolv',
    '--no-hosts',
    '--user=root',
    '--pid-file=/tmp/dnsmasq.pid',
  ],
  ...['--port=5353', '--listen-address=$(POD_IP)', '--bind-interfaces'],
  ...['--address=/boat.example/192.0.2.7', `--txt-record=long.example,${LONG.join(',')}`],
]

describeInLab([], 'datagrams through the mesh', () => {
  let clusters: Clusters
  const client = async (...args: (string | number)[]) => {
    const result = await clusters.exec('west', ['node', peer, ...args.map(String)], { timeout: 120_000 })
    return JSON.parse(result.stdout) as Record<string, unknown>
  }

  /** Deploys a server in east and exports it under the same name. */
  async function serve(name: string, ports: readonly PeerPort[], deployment: object): Promise<void> {
    await applyAll(clusters, 'east', deployment, peerService(name, name, ports), serviceExport(name))
    await rolledOut(clusters, 'east', name)
  }

  beforeAll(async () => {
    clusters = await upLab()
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    await peerConfig(clusters, 'east', 'udp-peer.mjs')
    const deployment = peerDeployment({ name: 'udp', script: 'udp-peer.mjs', port: 7300 })
    await serve('udp', [udp(7301), udp(7302)], deployment)
    await eventually(async () => expect(await client('echo', host('udp'), '5')).toEqual({ came: [5] }), {
      within: 20_000,
    })
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  test('datagrams of 0 to 65,507 bytes come back as they were sent', async () => {
    const sizes = [0, 1, 1_200, 1_472, 9_000, 65_507]
    expect(await client('echo', host('udp'), sizes.join())).toEqual({ came: sizes })
  }, 30_000)

  test('datagrams sent at once keep their boundaries, and none comes twice', async () => {
    expect(await client('burst', host('udp'), 50)).toEqual({ lost: 0, strange: [] })
  }, 30_000)

  test('a server that speaks first later on reaches the client that registered, as with SIP', async () => {
    expect(await client('call', host('udp'))).toEqual({
      heard: ['200 REGISTER sip:boat', 'INVITE 1', 'PRACK', 'ACK'],
    })
  }, 30_000)

  describeWith(['dnsmasq', 'dig'], 'a DNS server of the other cluster', () => {
    const dig = async (...args: string[]) =>
      (await clusters.exec('west', ['dig', `@${host('names')}`, '+tries=1', '+time=3', ...args])).stdout

    beforeAll(async () => {
      const container = { command: DNSMASQ }
      const deployment = peerDeployment({ name: 'names', script: '', port: 5353, container })
      await serve('names', [udp(53, 5353), { port: 53, targetPort: 5353 }], deployment)
      await eventually(() => dig('+short', 'boat.example'))
    }, 60_000)

    test('is asked by dig, over UDP and TCP', async () => {
      expect(await dig('+short', 'boat.example')).toBe('192.0.2.7\n')
      expect(await dig('+tcp', '+short', 'boat.example')).toBe('192.0.2.7\n')
    })

    test('gives over TCP the answer that was cut over UDP', async () => {
      const cut = await dig('+noedns', '+ignore', 'long.example', 'TXT')
      expect(cut).toMatch(/flags: [^;]*\btc\b/)
      const whole = await dig('+noedns', 'long.example', 'TXT')
      expect(whole).toContain('Truncated, retrying in TCP mode')
      expect(whole).toContain('ANSWER: 1,')
      for (const piece of LONG) expect(whole).toContain(`"${piece}"`)
    })
  })

  describeWith(['gtlsserver', 'gtlsclient'], 'an HTTP/3 server of the other cluster', () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fairlead-udp-'))
      await makeCertificate(clusters, folder)
      await serve('web', [udp(443, 4433)], webServer())
    }, 60_000)
    afterAll(() => rm(folder, { recursive: true, force: true }))

    test('gives a file of 5 MB over QUIC', async () => {
      const out = await mkdtemp(join(folder, 'out-'))
      const command = ['gtlsclient', '--quiet', '--exit-on-all-streams-close', `--download=${out}`]
      const get = [...command, host('web'), '443', `https://${host('web')}/file`]
      const file = await eventually(
        async () => {
          await clusters.exec('west', get, { timeout: 30_000 })
          return await readFile(join(out, 'file'))
        },
        { within: 30_000 },
      )
      expect(digest(file)).toBe(digest((await run(['seq', LAST_LINE])).stdout))
    }, 90_000)
  })

  test(`${ASSOCIATIONS} associations expire and give everything back`, async () => {
    await applyAll(clusters, 'west', trafficPolicy('udp', { udpIdleTimeout: '20s' }))
    const all = () => Promise.all(['west', 'east'].map((cluster) => routerMetrics(clusters, cluster)))
    const held = async (name: string) => (await all()).map(({ value }) => value(name))
    const idle = async () => {
      await eventually(async () => expect(await held('fairlead_router_udp_associations')).toEqual([0, 0]), {
        within: 60_000,
        every: 500,
      })
      return {
        files: await held('process_open_fds'),
        memory: await held('process_resident_memory_bytes'),
      }
    }
    // Below the ports that the kernel gives by itself (32768 and up).
    const fill = async (firstPort: number) => {
      expect(await client('many', host('udp'), ASSOCIATIONS, firstPort)).toEqual({ answered: ASSOCIATIONS })
      for (const there of await held('fairlead_router_udp_associations'))
        expect(there).toBeGreaterThanOrEqual(ASSOCIATIONS)
    }
    const before = await idle()
    await fill(11_000)
    const once = await idle()
    await fill(22_000)
    const twice = await idle()
    for (const router of [0, 1]) {
      expect(twice.files[router]).toBeLessThan((before.files[router] ?? 0) + 16)
      // What a process got from the system it may keep for itself; the same load again must do with it.
      expect(twice.memory[router]).toBeLessThan((once.memory[router] ?? 0) + MEMORY_SLACK)
    }
  }, 240_000)
})

function webServer(): object {
  const script = `mkdir /tmp/www; seq ${LAST_LINE} >/tmp/www/file
    exec gtlsserver --quiet --htdocs=/tmp/www "$POD_IP" 4433 /website/key.pem /website/cert.pem`
  return peerDeployment({
    name: 'web',
    script: '',
    // 0x1151 is 4433: a UDP server cannot be asked from outside whether it listens.
    readiness: { exec: { command: ['grep', '-q', ':1151 ', '/proc/net/udp'] } },
    spec: { volumes: [{ name: 'website', secret: { secretName: 'website' } }] },
    container: {
      command: ['sh', '-ec', script],
      volumeMounts: [{ name: 'website', mountPath: '/website' }],
    },
  })
}

/** The key and certificate that HTTP/3 needs. */
async function makeCertificate(clusters: Clusters, folder: string): Promise<void> {
  const authority = await createAuthority({ commonName: 'test root', days: 1 })
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: 'web',
    usages: ['server'],
    days: 1,
  })
  const files = { 'cert.pem': certPem, 'key.pem': keyPem }
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  const sources = Object.keys(files).map((name) => `--from-file=${join(folder, name)}`)
  await clusters.kubectl('east', ['create', 'secret', 'generic', 'website', '-n', 'demo', ...sources])
}

function digest(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
