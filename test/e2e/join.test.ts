/** From clusters that know nothing of fairlead to an answering curl by install, invite, join and export alone; and the same by kubectl alone. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { forbidden, requestsOf } from '../support/audit.ts'
import { apply, type Clusters, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { leaks, secretsOf, toldBy, toldByProcesses } from '../support/secret-search.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const SLOW = 240_000
const example = (name: string) => join(ROOT, 'examples/hello', name)

/** Clusters without fairlead, the first of which has a web server. */
async function bare(first: string, second: string): Promise<Clusters> {
  const clusters = await upLab([first, second], '--bare')
  await clusters.kubectl(first, ['apply', '-f', example('hello.yaml')])
  await clusters.kubectl(second, ['apply', '-f', example('namespace.yaml')])
  await rolledOut(clusters, first, 'hello')
  return clusters
}

/** Everything that clusters tell of themselves to those who may read no Secret. */
async function told(clusters: Clusters, cluster: string): Promise<string> {
  const kinds = 'invites,joinrequests,trusts,links,events,pods,configmaps,deployments'
  const objects = await clusters.kubectl(cluster, ['get', kinds, '-n', 'fairlead-system', '-o', 'yaml'])
  const logs = await clusters.kubectl(cluster, [
    'logs',
    'deploy/fairlead-controller',
    '-n',
    'fairlead-system',
  ])
  return objects.stdout + logs.stdout
}

describeInLab([], 'install, invite, join', () => {
  let clusters: Clusters
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-join-'))
    file = join(folder, 'west.yaml')
    clusters = await bare('east', 'west')
  }, SLOW)
  afterAll(async () => {
    await clusters?.down()
    await rm(folder, { recursive: true, force: true })
  }, SLOW)

  const fairlead = (cluster: string, ...args: string[]) =>
    clusters.fairlead([...args, '--context', cluster], { timeout: 120_000 })

  test(
    'two clusters without fairlead come to an answering curl by four commands',
    async () => {
      const started = performance.now()
      await fairlead('east', 'install', '--clusterset', 'harbour', '--cluster-id', 'east', '--overlay', 'lab')
      await fairlead('west', 'install')
      await fairlead('east', 'invite', '--cluster-id', 'west', '-o', file)
      const { stderr } = await fairlead('west', 'join', file)
      const joined = performance.now()
      await fairlead('east', 'export', 'hello', '-n', 'demo')
      expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from hello-/)
      const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1)
      process.stdout.write(
        `install, invite and join took ${seconds(started, joined)} s, with the first curl ${seconds(started, performance.now())} s\n`,
      )
      expect(stderr).toContain('cluster west is a member of clusterset harbour')
      expect(stderr).toContain('link east is ready')
    },
    SLOW,
  )

  test('the file is for its owner alone, and its code is told nowhere', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const [, code = ''] = /"([A-Za-z0-9_-]{43})"/.exec(await readFile(file, 'utf8')) ?? []
    expect(code).toHaveLength(43)
    for (const cluster of ['east', 'west']) {
      const all = (await told(clusters, cluster)) + (await clusters.audit(cluster))
      expect(all).not.toContain(code)
      expect(all).not.toContain(Buffer.from(code).toString('base64').slice(0, 40))
      expect(all).not.toContain('PRIVATE KEY')
    }
  })

  test('the file lets nobody in again, and who tries is told why', async () => {
    await clusters.kubectl('west', ['delete', 'secret', 'fairlead-authority', '-n', 'fairlead-system'])
    await clusters.kubectl('west', ['delete', 'joinrequests', '--all', '-n', 'fairlead-system'])
    const again = await clusters.fairlead(['join', file, '--context', 'west'], { codes: [1] })
    expect(again.stderr).toMatch(/did not join \(UsedUp\).*was used already, by west/)
    const get = ['get', 'events', '-n', 'fairlead-system', '-o', 'jsonpath={.items[*].reason}']
    await eventually(async () =>
      expect((await clusters.kubectl('east', get)).stdout.split(' ')).toContain('UsedUp'),
    )
  })

  test('an id that is taken is refused', async () => {
    await fairlead('east', 'invite', '-o', file)
    const taken = await clusters.fairlead(['join', file, '--context', 'west', '--cluster-id', 'west'], {
      codes: [1],
    })
    expect(taken.stderr).toMatch(/ClusterIdTaken.*join under another id/)
  })

  test('no key, code or token is in objects, logs, metrics, command lines or environments', async () => {
    const needles = new Map<string, string>()
    const told = new Map(await toldByProcesses())
    for (const cluster of ['east', 'west']) {
      for (const [name, needle] of await secretsOf(clusters, cluster)) needles.set(name, needle)
      for (const [place, text] of await toldBy(clusters, cluster)) told.set(place, text)
      told.set(`${cluster} audit log`, await clusters.audit(cluster))
    }
    // The root, two authorities, leaves, and the file of the invite that is open: there is something to look for.
    expect([...needles.keys()].filter((name) => name.includes('tls.key')).length).toBeGreaterThan(4)
    expect([...needles.keys()].some((name) => name.includes('fairlead-invites'))).toBe(true)
    const { stdout } = await clusters.kubectl('east', ['get', 'secrets', '-A', '-o', 'yaml'])
    expect(leaks(needles, new Map([['the Secrets themselves', stdout]])).length).toBeGreaterThan(4)
    expect(leaks(needles, told)).toEqual([])
  })

  test('the controllers ask for nothing that they may not have', async () => {
    expect(forbidden(await requestsOf(clusters, ['east', 'west'], 'fairlead-controller'))).toEqual([])
  })

  test('nobody is invited to a cluster that did not found', async () => {
    const { stderr } = await clusters.fairlead(['invite', '--context', 'west'], { codes: [1] })
    expect(stderr).toContain('invite from the cluster that has it')
  })

  /** As somebody would who takes a cluster that was a member, to bring it back by a file. */
  async function forget(): Promise<void> {
    const system = ['-n', 'fairlead-system', '--ignore-not-found']
    await clusters.kubectl('west', ['delete', 'secret', 'fairlead-authority', ...system])
    await clusters.kubectl('west', ['delete', 'joinrequests', '--all', '-n', 'fairlead-system'])
  }

  /** What the founder knows of members and invites, and what west has of it. */
  async function standing(): Promise<string[]> {
    const get = (cluster: string, kind: string, path: string) =>
      clusters.kubectl(cluster, ['get', kind, '-n', 'fairlead-system', '-o', `jsonpath=${path}`])
    const shown = await Promise.all([
      get('east', 'trusts', '{.items[*].spec}{.items[*].status.members}{.items[*].status.statement}'),
      get('east', 'invites', '{.items[*].status.redeemed}'),
      get('west', 'secrets', '{.items[*].metadata.name}'),
    ])
    expect(shown[2].stdout).not.toContain('fairlead-authority')
    return shown.map(({ stdout }) => stdout)
  }

  /** With a file that was made before its revocation. */
  async function isNotLetIn(old: string): Promise<void> {
    await forget()
    const before = await standing()
    const { stderr } = await clusters.fairlead(['join', old, '--context', 'west', '--cluster-id', 'west'], {
      codes: [1],
    })
    expect(stderr).toMatch(/did not join \(Revoked\): .*west was revoked after the invite was made/)
    expect(stderr.match(/did not join/g)).toHaveLength(1)
    expect((await standing()).map(withoutRequestKey)).toEqual(before.map(withoutRequestKey))
  }

  test(
    'a revoked cluster does not come back by an old invite, also not by the one that let it in, but by a new one',
    async () => {
      const [old, own, fresh] = ['old', 'own', 'fresh'].map((name) => join(folder, `${name}.yaml`)) as [
        string,
        string,
        string,
      ]
      await fairlead('east', 'invite', '--cluster-id', 'west', '-o', old)
      await fairlead('east', 'revoke', 'west', '--yes')
      await isNotLetIn(old)
      await fairlead('east', 'invite', '--cluster-id', 'west', '--redemptions', '2', '-o', own)
      await fairlead('west', 'join', own)
      expect(await curlEventually(clusters, 'west', URL, 30_000)).toMatch(/^hello from hello-/)
      await fairlead('east', 'revoke', 'west', '--yes')
      await fairlead('west', 'leave', '--yes')
      await isNotLetIn(own)
      await fairlead('east', 'invite', '--cluster-id', 'west', '-o', fresh)
      await fairlead('west', 'join', fresh)
      expect(await curlEventually(clusters, 'west', URL, 30_000)).toMatch(/^hello from hello-/)
    },
    SLOW,
  )
})

/** The key and the code of an attempt are there while its JoinRequest is. */
const withoutRequestKey = (text: string) => text.replaceAll(/ ?fairlead-join(-key)?\b/g, '')

const NORTH = `
apiVersion: about.k8s.io/v1beta1
kind: ClusterProperty
metadata: { name: cluster.clusterset.k8s.io }
spec: { value: north }
---
apiVersion: about.k8s.io/v1beta1
kind: ClusterProperty
metadata: { name: clusterset.k8s.io }
spec: { value: lake }
---
apiVersion: fairlead.dev/v1alpha1
kind: Trust
metadata: { name: clusterset, namespace: fairlead-system }
spec: { found: true }
---
apiVersion: fairlead.dev/v1alpha1
kind: Invite
metadata: { name: south, namespace: fairlead-system }
spec: { clusterId: south }
`

describeInLab([], 'the same by kubectl', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await bare('north', 'south')
  }, SLOW)
  afterAll(() => clusters?.down(), SLOW)

  const overlay = join(ROOT, 'manifests/overlays/lab')

  /** The custom resources are known a moment after their definitions. */
  const install = (cluster: string) =>
    eventually(() => clusters.kubectl(cluster, ['apply', '-k', overlay]), { within: 60_000 })

  /** As docs/dns.md says it. */
  async function forwardDns(cluster: string): Promise<void> {
    const jsonpath = (object: string[], path: string) =>
      clusters.kubectl(cluster, ['get', ...object, '-o', `jsonpath={${path}}`]).then(({ stdout }) => stdout)
    const address = await jsonpath(['service', 'fairlead-dns', '-n', 'fairlead-system'], '.spec.clusterIP')
    const corefile = await jsonpath(['configmap', 'coredns', '-n', 'kube-system'], '.data.Corefile')
    const Corefile = `${corefile}\nclusterset.local:53 {\n    forward . ${address}\n}\n`
    const metadata = { name: 'coredns', namespace: 'kube-system' }
    await apply(
      clusters,
      cluster,
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile } }),
    )
  }

  test(
    'objects alone make two clusters members of one clusterset',
    async () => {
      const started = performance.now()
      await Promise.all(['north', 'south'].map(install))
      await eventually(() => apply(clusters, 'north', NORTH), { within: 30_000 })
      const get = [
        'get',
        'secret',
        'fairlead-invites',
        '-n',
        'fairlead-system',
        '-o',
        'jsonpath={.data.south}',
      ]
      const file = await eventually(
        async () => {
          const { stdout } = await clusters.kubectl('north', get)
          if (stdout === '') throw new Error('there is no file yet')
          return Buffer.from(stdout, 'base64').toString()
        },
        { within: 60_000 },
      )
      await apply(clusters, 'south', file)
      const wait = ['wait', 'joinrequest/south', '--for=condition=Redeemed', '-n', 'fairlead-system']
      await clusters.kubectl('south', [...wait, '--timeout=60s'], { timeout: 70_000 })
      await clusters.kubectl('north', ['apply', '-f', example('export.yaml')])
      await forwardDns('south')
      expect(await curlEventually(clusters, 'south', URL, 60_000)).toMatch(/^hello from hello-/)
      process.stdout.write(`by kubectl: ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
      const columns = await clusters.kubectl('north', ['get', 'invite', 'south', '-n', 'fairlead-system'])
      expect(columns.stdout).toMatch(/south +south +False +UsedUp +1 /)
    },
    SLOW,
  )
})
