/** What our service accounts may do and what they do, by the audit logs of the API servers: the same, and no more. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { forbidden, needed, requestsOf, spell } from '../support/audit.ts'
import { apply, type Clusters, curl, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const NAMESPACE = 'fairlead-system'
const CLUSTERS = ['east', 'west'] as const
const ACCOUNTS = ['fairlead-router', 'fairlead-controller', 'fairlead-dns'] as const
const POLICY = join(ROOT, 'examples/traffic-policy/any.yaml')
/** Lets pods of a namespace that there is not: others see the import, and are refused. */
const NOBODY = {
  apiVersion: 'fairlead.dev/v1alpha1',
  kind: 'ServicePolicy',
  metadata: { name: 'hello', namespace: 'demo' },
  spec: { targets: [{ name: 'hello' }], allow: [{ namespaces: ['nobody'] }] },
}
const example = (name: string) => join(ROOT, 'examples/hello', name)

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

function grants(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => spell(verb, resource, group))),
    ),
  )
}

describeInLab([], 'least privilege', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab()
    await useEverything()
  }, 600_000)
  afterAll(() => clusters?.down(), 60_000)

  async function useEverything(): Promise<void> {
    await clusters.kubectl('east', ['apply', '-f', example('hello.yaml'), '-f', example('export.yaml')])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'hello')
    await curlEventually(clusters, 'west', URL)
    await exportWithoutService()
    await decideTraffic()
    await refuseFlows()
    for (const role of ['router', 'controller', 'dns']) {
      for (const cluster of CLUSTERS) await clusters.kill(cluster, role)
      await curlEventually(clusters, 'west', URL, 60_000)
    }
    await clusters.kubectl('east', ['delete', '-f', example('export.yaml')])
    await eventually(async () => (await imports()) === '', { within: 20_000 })
    await changeMembership()
  }

  /** West loses its Trust, renews its certificates, leaves, is a member again, and founds a clusterset of its own. */
  async function changeMembership(): Promise<void> {
    const west = ['--context', 'west']
    const trust = ['trust', 'clusterset', '-n', NAMESPACE]
    const role = async () =>
      (await clusters.kubectl('west', ['get', ...trust, '-o', 'jsonpath={.status.role}'])).stdout
    const becomes = (wanted: string) => eventually(async () => (await role()) === wanted, { within: 60_000 })
    const change = (spec: object) =>
      clusters.kubectl('west', ['patch', ...trust, '--type=merge', '-p', JSON.stringify({ spec })])
    await clusters.kubectl('west', ['delete', ...trust])
    await becomes('member')
    await clusters.fairlead(['certs', 'rotate', ...west], { timeout: 120_000 })
    await clusters.fairlead(['leave', '--yes', ...west], { timeout: 120_000 })
    await clusters.fairlead(['install', ...west, '--overlay', 'lab', '--pki', clusters.pki], {
      timeout: 120_000,
    })
    await becomes('member')
    await clusters.kubectl('west', ['delete', 'secret', 'fairlead-authority', '-n', NAMESPACE])
    await change({ found: true, leave: null })
    await becomes('founder')
    await joinWest()
  }

  /** East leaves too, forgets who it was, and joins what west has founded. */
  async function joinWest(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-invite-'))
    const file = join(folder, 'east.yaml')
    const fairlead = (...args: string[]) => clusters.fairlead(args, { timeout: 120_000 })
    try {
      await fairlead('leave', '--yes', '--context', 'east')
      await clusters.kubectl('east', ['delete', 'clusterproperties', '--all'])
      await fairlead('invite', '--context', 'west', '-o', file)
      await fairlead('join', file, '--cluster-id', 'east', '--context', 'east')
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  const imports = async () =>
    (await clusters.kubectl('west', ['get', 'serviceimports', '-n', 'demo', '-o', 'name'])).stdout

  /** Twice the same trouble: an Event, and the Event counted up. */
  async function exportWithoutService(): Promise<void> {
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: {name: late, namespace: demo}\nspec: {ports: [{port: 80}]}'
    const valid = (status: string) =>
      eventually(async () => (await condition('late', 'Valid')) === status, { within: 20_000 })
    await apply(
      clusters,
      'east',
      'apiVersion: multicluster.x-k8s.io/v1alpha1\nkind: ServiceExport\nmetadata: {name: late, namespace: demo}',
    )
    await valid('False')
    await eventually(async () => (await events()).includes('NoService'))
    await apply(clusters, 'east', service)
    await valid('True')
    await clusters.kubectl('east', ['delete', 'service', 'late', '-n', 'demo'])
    await valid('False')
    await eventually(async () => (await events()).includes('NoService 2'))
  }

  async function decideTraffic(): Promise<void> {
    await clusters.kubectl('west', ['apply', '-f', POLICY])
    const path = 'jsonpath={.status.services[0].clusters}'
    const chosen = async () =>
      (await clusters.kubectl('west', ['get', 'trafficpolicy', 'hello', '-n', 'demo', '-o', path])).stdout
    await eventually(async () => (await chosen()) === '["east"]', { within: 20_000 })
  }

  /** A router of east counts what a policy refuses; the controller tells of it. */
  async function refuseFlows(): Promise<void> {
    await apply(clusters, 'east', JSON.stringify(NOBODY))
    const path = 'jsonpath={.status.denied}'
    const denied = () => clusters.kubectl('east', ['get', 'servicepolicy', 'hello', '-n', 'demo', '-o', path])
    await eventually(
      async () => {
        await expect(curl(clusters, 'west', URL)).rejects.toThrow()
        return (await denied()).stdout !== ''
      },
      { within: 30_000 },
    )
    await clusters.kubectl('east', ['delete', 'servicepolicy', 'hello', '-n', 'demo'])
    await curlEventually(clusters, 'west', URL, 20_000)
  }

  async function condition(name: string, type: string): Promise<string> {
    const path = `jsonpath={.status.conditions[?(@.type=="${type}")].status}`
    return (await clusters.kubectl('east', ['get', 'serviceexport', name, '-n', 'demo', '-o', path])).stdout
  }

  const events = async () =>
    (
      await clusters.kubectl('east', [
        ...['get', 'events.events.k8s.io', '-n', 'demo', '-o'],
        'jsonpath={range .items[*]}{.reason} {.series.count}{"\\n"}{end}',
      ])
    ).stdout

  async function granted(account: string): Promise<string[]> {
    const roles = await clusters.kubectl('east', [
      ...['get', `clusterrole/${account}`, `role/${account}`, '-n', NAMESPACE, '--ignore-not-found'],
      ...['-o', 'json'],
    ])
    const { items } = JSON.parse(roles.stdout) as { items: { rules: Rule[] }[] }
    return grants(items.flatMap(({ rules }) => rules))
  }

  test.each(ACCOUNTS)('nothing that %s asks for is forbidden', async (account) => {
    expect(forbidden(await requestsOf(clusters, CLUSTERS, account))).toEqual([])
  })

  test.each(ACCOUNTS)('all that %s may do is done', async (account) => {
    const requests = new Set((await requestsOf(clusters, CLUSTERS, account)).flatMap(needed))
    const idle = (await granted(account)).filter((grant) => !requests.has(grant))
    expect(idle).toEqual([])
  })
})
