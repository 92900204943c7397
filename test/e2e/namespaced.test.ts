/** A team that has rights in one namespace installs fairlead for it: links, exports, imports, names, and out again. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { LEFT_OUT } from '../../src/cli/install/namespaced-install.ts'
import { audited } from '../support/audit.ts'
import { apply, type Clusters, curl, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const SLOW = 600_000
const WITHIN = { within: 120_000 }
const TEAM = 'team'
const example = (name: string) => readFile(join(ROOT, 'examples', name), 'utf8')

describeInLab(['dig'], 'a member of one namespace', () => {
  let clusters: Clusters
  let folder: string
  /** Of somebody who has the installer's Role in `team`, and nothing else. */
  let ada: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-team-'))
    ada = join(folder, 'ada')
    clusters = await upLab(['east', 'west'], '--bare')
    await clusters.fairlead(
      [
        ...['install', '--context', 'east', '--cluster-id', 'east', '--overlay', 'loadbalancer'],
        ...['--router-replicas', '1', '--pki', join(folder, 'pki'), '--wait'],
      ],
      { timeout: SLOW / 2 },
    )
    await prepare()
  }, SLOW)
  afterAll(async () => {
    await clusters?.down()
    await rm(folder, { recursive: true, force: true })
  }, SLOW)

  /** What the administrators of both clusters do: a namespace, an export in east, in west the CRDs, and ada's rights in both. */
  async function prepare(): Promise<void> {
    const hello = (await example('hello/hello.yaml')).replaceAll('demo', TEAM)
    await apply(clusters, 'east', hello)
    await clusters.fairlead(['export', 'hello', '-n', TEAM, '--context', 'east'])
    await apply(clusters, 'west', hello.replaceAll('hello', 'greeter').replace('greeter from', 'west has'))
    await clusters.kubectl('west', ['create', 'namespace', 'other'])
    await clusters.kubectl('west', ['apply', '-f', join(ROOT, 'manifests/base/crds')])
    await admit('west', 'namespaced/team-installer.yaml')
    await admit('east', 'namespaced/link-reader.yaml')
    await writeFile(ada, await adasKubeconfig())
    await rolledOut(clusters, 'east', 'hello', TEAM)
    await rolledOut(clusters, 'west', 'greeter', TEAM)
  }

  /** Makes ada a service account of the cluster, with the rights of an example. */
  async function admit(cluster: string, rights: string): Promise<void> {
    await clusters.kubectl(cluster, ['create', 'serviceaccount', 'ada', '-n', TEAM])
    const account = `kind: ServiceAccount\n    name: ada\n    namespace: ${TEAM}`
    const user = 'kind: User\n    name: ada\n    apiGroup: rbac.authorization.k8s.io'
    await apply(clusters, cluster, (await example(rights)).replace(user, account))
  }

  /** With both clusters, west first. */
  async function adasKubeconfig(): Promise<string> {
    const [west, east] = await Promise.all([credentialsOf('west'), credentialsOf('east')])
    const all = (part: 'clusters' | 'users' | 'contexts') => [...west[part], ...east[part]]
    const contexts = all('contexts')
    return JSON.stringify({ ...west, clusters: all('clusters'), users: all('users'), contexts })
  }

  interface Kubeconfig {
    readonly clusters: readonly { readonly name: string; readonly cluster: unknown }[]
    readonly users: readonly unknown[]
    readonly contexts: readonly unknown[]
  }

  async function credentialsOf(cluster: string): Promise<Kubeconfig> {
    const { stdout: token } = await clusters.kubectl(cluster, ['create', 'token', 'ada', '-n', TEAM])
    const { stdout } = await clusters.kubectl(cluster, ['config', 'view', '--raw', '--minify', '-o', 'json'])
    const config = JSON.parse(stdout) as Kubeconfig
    return {
      ...config,
      clusters: config.clusters.map((each) => ({ ...each, name: cluster })),
      users: [{ name: cluster, user: { token: token.trim() } }],
      contexts: [{ name: cluster, context: { cluster, user: cluster, namespace: TEAM } }],
    }
  }

  const asAda = (args: readonly string[], codes = [0]) =>
    clusters.fairlead(args, { env: { KUBECONFIG: ada }, codes, timeout: SLOW / 2 })
  /** Commands that are told which member they are about. */
  const ofTeam = async (...args: string[]) => (await asAda([...args, '--system-namespace', TEAM])).stdout
  const adaKubectl = async (...args: string[]) =>
    (await clusters.kubectl('west', ['--kubeconfig', ada, '-n', TEAM, ...args])).stdout
  const install = (...flags: string[]) =>
    asAda([
      ...['install', '--namespace-scoped', '--overlay', 'loadbalancer', '--router-replicas', '1'],
      ...['--pki', join(folder, 'pki'), ...flags],
    ])
  const importedIp = async (name: string) =>
    await eventually(async () => {
      const ip = await adaKubectl('get', 'serviceimport', name, '-o', 'jsonpath={.spec.ips[0]}')
      // It is there before it has its address.
      expect(ip).not.toBe('')
      return ip
    }, WITHIN)

  test(
    'is installed by somebody who may do nothing elsewhere, and says what it cannot do',
    async () => {
      const needsId = await asAda(['install', '--namespace-scoped', '--pki', join(folder, 'pki')], [2])
      expect(needsId.stderr).toContain('give --cluster-id')
      const { stderr } = await install('--cluster-id', 'west-team', '--wait')
      for (const what of LEFT_OUT) expect(stderr).toContain(what)
      const address = await adaKubectl('get', 'service', 'fairlead-dns', '-o', 'jsonpath={.spec.clusterIP}')
      expect(stderr).toContain(`have your pods ask ${address}, port 53, for clusterset.local`)
      const again = await install('-o', 'json')
      const { objects } = JSON.parse(again.stdout) as { objects: { outcome: string }[] }
      expect(objects.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
    },
    SLOW,
  )

  test(
    'imports what another cluster exports from the namespace',
    async () => {
      await ofTeam('link', 'east', '--to-context', 'east', '--wait')
      expect(await ofTeam('link', 'list')).toMatch(/^east +east +\S+:5671 +1 +True/m)
      expect(await ofTeam('link', 'show', 'east')).toMatch(/^Remote cluster +east$/m)
      const ip = await importedIp('hello')
      expect(await curlEventually(clusters, 'west', `http://${ip}:8080/`, WITHIN.within)).toMatch(
        /^hello from hello-/,
      )
    },
    SLOW,
  )

  test(
    'answers for its names, to pods that ask its resolver first',
    async () => {
      const address = await adaKubectl('get', 'service', 'fairlead-dns', '-o', 'jsonpath={.spec.clusterIP}')
      const name = `hello.${TEAM}.svc.clusterset.local`
      const asked = await clusters.exec('west', ['dig', '+short', `@${address}`, name])
      expect(asked.stdout.trim()).toBe(await importedIp('hello'))
      const resolver = ['get', 'service', 'kube-dns', '-n', 'kube-system', '-o', 'jsonpath={.spec.clusterIP}']
      const { stdout: clusterDns } = await clusters.kubectl('west', resolver)
      const fetches = ['curl', '-sS', '--retry', '100', '--retry-all-errors', '--retry-delay', '1']
      const pod = (await example('namespaced/client.yaml'))
        .replace('[10.96.0.53, 10.96.0.10]', `[${address}, ${clusterDns}]`)
        .replace(
          '[sleep, infinity]',
          JSON.stringify([...fetches, `http://${name}:8080/`, 'http://greeter:8080/']),
        )
      await apply(clusters, 'west', pod)
      // In one look: it starts over when it is done, with an empty log.
      await eventually(async () => {
        expect(await adaKubectl('logs', 'client')).toMatch(/^hello from hello-.*\nwest has greeter-/)
      }, WITHIN)
    },
    SLOW,
  )

  test(
    'exports from its namespace alone',
    async () => {
      const exportOf = (namespace: string) =>
        `apiVersion: multicluster.x-k8s.io/v1alpha1\nkind: ServiceExport\nmetadata: {name: greeter, namespace: ${namespace}}`
      await apply(clusters, 'west', exportOf('other'))
      await asAda(['export', 'greeter', '-n', TEAM])
      const url = `http://greeter.${TEAM}.svc.clusterset.local:8080/`
      expect(await curlEventually(clusters, 'east', url, WITHIN.within)).toMatch(/^west has greeter-/)
      const { stdout } = await clusters.kubectl('west', [
        ...['get', 'serviceexport', 'greeter', '-n', 'other', '-o', 'jsonpath={.status}'],
      ])
      expect(stdout).toBe('')
      const clustersOf = [
        'get',
        'serviceimport',
        'greeter',
        '-n',
        TEAM,
        '-o',
        'jsonpath={.status.clusters[*].cluster}',
      ]
      expect((await clusters.kubectl('east', clustersOf)).stdout).toBe('west-team')
    },
    SLOW,
  )

  test(
    'shows how it is, and has its certificates made anew',
    async () => {
      const status = JSON.parse(await ofTeam('status', '-o', 'json')) as Record<string, unknown>
      expect(status).toMatchObject({ namespace: TEAM, clusterId: 'west-team', healthy: true })
      expect(status).toMatchObject({ exports: [{ name: 'greeter', namespace: TEAM }] })
      await eventually(async () => {
        const found = JSON.parse(await ofTeam('check', '-o', 'json')) as { check: string; ok: boolean }[]
        expect(found.map(({ check, ok }) => [check, ok])).toEqual([
          ...[
            ['membership', true],
            ['processes', true],
            ['links', true],
          ],
          ...[
            ['exports', true],
            ['certificates', true],
          ],
        ])
      }, WITHIN)
      const before = await ofTeam('certs', 'status')
      expect(before).toMatch(/^member +west-team /m)
      await ofTeam('certs', 'rotate')
      expect(await ofTeam('certs', 'status')).not.toBe(before)
      expect((await asAda(['status'], [1])).stderr).toContain('give --system-namespace NAME')
    },
    SLOW,
  )

  test(
    'is dialled by another cluster, which finds its routers in the namespace',
    async () => {
      const to = ['--to-context', 'west', '--to-system-namespace', TEAM]
      await clusters.fairlead(['link', '--context', 'east', ...to, '--wait'], { timeout: SLOW / 2 })
      const { stdout } = await clusters.fairlead(['link', 'show', 'west-team', '--context', 'east'])
      expect(stdout).toMatch(/^Remote cluster +west-team$/m)
      await clusters.fairlead(['link', 'delete', 'west-team', '--context', 'east'])
    },
    SLOW,
  )

  test(
    'tells the topology to whoever may read the token in its namespace',
    async () => {
      const topology = await asAda(['topology', '--system-namespace', TEAM])
      expect(topology.stdout).toMatch(/^east$/m)
      expect(topology.stdout).toMatch(/^west-team$/m)
      expect((await asAda(['topology'], [1])).stderr).toContain(
        'no right to list pods in namespace fairlead-system',
      )
    },
    SLOW,
  )

  test('asks for nothing outside of the namespace, and nothing that is forbidden', async () => {
    const events = (await audited(clusters, ['west'])).filter(({ user }) =>
      /^system:serviceaccount:team:fairlead-/.test(user.username),
    )
    expect(events.length).toBeGreaterThan(10)
    expect(events.filter(({ responseStatus: { code } }) => code === 401 || code === 403)).toEqual([])
    const elsewhere = events.filter(
      ({ objectRef }) => objectRef !== undefined && objectRef.namespace !== TEAM,
    )
    expect(elsewhere.map(({ requestURI }) => requestURI)).toEqual([])
  })

  test(
    'is uninstalled by the same person, and leaves what is theirs',
    async () => {
      const ip = await importedIp('hello')
      expect(await curl(clusters, 'west', `http://${ip}:8080/`)).toMatch(/^hello/)
      await asAda(['uninstall', '--namespace-scoped'])
      const kinds = [
        ...[
          'deployments',
          'services',
          'endpointslices',
          'serviceimports',
          'serviceexports',
          'links',
          'secrets',
        ],
        ...['networkpolicies', 'roles', 'rolebindings', 'serviceaccounts', 'poddisruptionbudgets', 'leases'],
      ]
      const left = await clusters.kubectl('west', ['get', kinds.join(','), '-n', TEAM, '-o', 'name'])
      const names = left.stdout.trim().split('\n')
      expect(names.filter((name) => /fairlead-(?!installer)|hello|derived/.test(name))).toEqual([])
      expect(names).toContain('serviceexport.multicluster.x-k8s.io/greeter')
      expect(names).toContain('role.rbac.authorization.k8s.io/fairlead-installer')
    },
    SLOW,
  )

  test(
    'comes back, and leaves the clusterset by the same rights',
    async () => {
      await install('--cluster-id', 'west-team', '--wait')
      await ofTeam('link', 'east', '--to-context', 'east', '--wait')
      await importedIp('hello')
      const { stderr } = await asAda(['leave', '--yes', '--system-namespace', TEAM])
      expect(stderr).toContain('left clusterset')
      expect(await adaKubectl('get', 'serviceimports,links', '-o', 'name')).toBe('')
    },
    SLOW,
  )
})
