/** The README's way on one's own clusters: install, link, export, and out again, on clusters that know nothing of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const URL = 'http://hello.demo.svc.clusterset.local:8080/'
const SLOW = 120_000
const example = (name: string) => join(ROOT, 'examples/hello', name)

describeInLab([], 'install, link and export by hand', () => {
  let clusters: Clusters
  let pki: string
  beforeAll(async () => {
    pki = await mkdtemp(join(tmpdir(), 'fairlead-pki-'))
    clusters = await upLab(['east', 'west'], '--bare')
    await clusters.kubectl('east', ['apply', '-f', example('hello.yaml')])
    await clusters.kubectl('west', ['apply', '-f', example('namespace.yaml')])
    await rolledOut(clusters, 'east', 'hello')
  }, SLOW)
  afterAll(async () => {
    await clusters?.down()
    await rm(pki, { recursive: true, force: true })
  }, SLOW)

  const install = (cluster: string, overlay: string) =>
    clusters.fairlead([
      'install',
      '--context',
      cluster,
      '--cluster-id',
      cluster,
      '--overlay',
      overlay,
      '--pki',
      pki,
      '--wait',
    ])

  test(
    'two clusters without fairlead come to an answering curl',
    async () => {
      await install('east', 'loadbalancer')
      await install('west', 'base')
      await clusters.fairlead(['link', '--context', 'west', '--to-context', 'east', '--wait'])
      await clusters.fairlead(['export', 'hello', '-n', 'demo', '--context', 'east'])
      expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from hello-/)
    },
    SLOW,
  )

  test('a cluster that nobody can dial is named when somebody tries', async () => {
    const result = await clusters.fairlead(['link', '--context', 'east', '--to-context', 'west'], {
      codes: [1],
    })
    expect(result.stderr).toMatch(/no outside address.*--endpoint/)
  })

  test('status says so in every form', async () => {
    const status = JSON.parse(
      (await clusters.fairlead(['status', '--context', 'west', '-o', 'json'])).stdout,
    ) as { healthy: boolean }
    expect(status.healthy).toBe(true)
    expect((await clusters.fairlead(['status', '--context', 'west'])).stdout).toMatch(
      /demo\/hello +ClusterSetIP/,
    )
  })

  test(
    'uninstall takes out all that came with it',
    async () => {
      await clusters.fairlead(['uninstall', '--context', 'west'])
      await eventually(async () => {
        const left = await clusters.kubectl('west', [
          'get',
          'serviceimports,services,endpointslices,links',
          '-A',
          '-o',
          'name',
        ])
        const names = left.stdout
          .trim()
          .split('\n')
          .filter((name) => !/kubernetes|kube-dns/.test(name))
        expect(names).toEqual([])
      })
      const corefile = await clusters.kubectl('west', [
        'get',
        'configmap',
        'coredns',
        '-n',
        'kube-system',
        '-o',
        'yaml',
      ])
      expect(corefile.stdout).not.toContain('clusterset')
      const namespaces = await clusters.kubectl('west', ['get', 'namespaces', '-o', 'name'])
      expect(namespaces.stdout).not.toContain('fairlead-system')
    },
    SLOW,
  )
})
