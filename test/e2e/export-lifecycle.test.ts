/** The main job and its end: export, reach, unexport, nothing left (done-when 2). */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, curl, curlEventually, rolledOut, upClusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const HELLO = join(ROOT, 'examples/hello/hello.yaml')
const EXPORT = join(ROOT, 'examples/hello/export.yaml')
const URL = 'http://hello.demo.svc.clusterset.local:8080/'

describeInLab(['dig'], 'one ServiceExport', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upClusters()
    await clusters.kubectl('east', ['apply', '-f', HELLO])
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    await rolledOut(clusters, 'east', 'hello')
  }, 180_000)
  afterAll(() => clusters?.down(), 60_000)

  const dig = async (name: string, ...more: string[]) =>
    (await clusters.exec('west', ['dig', '+noall', '+comments', '+answer', ...more, name])).stdout

  test('a Service that is not exported has no name in the clusterset and cannot be reached', async () => {
    expect(await dig('hello.demo.svc.clusterset.local')).toContain('NXDOMAIN')
    await expect(curl(clusters, 'west', URL)).rejects.toThrow(/Could not resolve host/)
  })

  test('kubectl apply of a ServiceExport in east lets curl in west reach it', async () => {
    await clusters.kubectl('east', ['apply', '-f', EXPORT])
    expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from hello-/)
  })

  test('the export says that it is valid and exported, and what an import looks like', async () => {
    await clusters.kubectl('east', [
      'wait',
      '-n',
      'demo',
      'serviceexport/hello',
      '--for=condition=Valid',
      '--timeout=10s',
    ])
    await clusters.kubectl('east', [
      'wait',
      '-n',
      'demo',
      'serviceexport/hello',
      '--for=condition=Ready',
      '--timeout=10s',
    ])
    const shown = await clusters.kubectl('west', [
      'get',
      'serviceimport',
      'hello',
      '-n',
      'demo',
      '-o',
      'json',
    ])
    const found = JSON.parse(shown.stdout) as {
      spec: { type: string; ips: string[]; ports: { name: string; port: number }[] }
      status: { clusters: unknown }
    }
    expect(found.spec.type).toBe('ClusterSetIP')
    expect(found.spec.ports).toEqual([expect.objectContaining({ name: 'http', port: 8080 })])
    expect(found.status.clusters).toEqual([{ cluster: 'east' }])
    expect(await dig('hello.demo.svc.clusterset.local', '+short')).toContain(found.spec.ips[0])
  })

  test('the exporting cluster reaches it by the same name, through its own pods', async () => {
    expect(await curlEventually(clusters, 'east', URL)).toMatch(/^hello from hello-/)
  })

  test('all pods behind the Service get their share', async () => {
    const seen = new Set<string>()
    await eventually(async () => {
      seen.add(await curl(clusters, 'west', URL))
      return seen.size === 2
    })
  })

  test('SRV and AAAA are answered as the standard says', async () => {
    expect(await dig('_http._tcp.hello.demo.svc.clusterset.local', '-t', 'SRV')).toMatch(
      /SRV\s+\d+ \d+ 8080 hello\.demo\.svc\.clusterset\.local\./,
    )
    const v6 = await dig('hello.demo.svc.clusterset.local', '-t', 'AAAA')
    expect(v6).toContain('NOERROR')
    expect(v6).toContain('ANSWER: 0')
  })

  test('with local pods ready the local ones answer, and the others take over when none is', async () => {
    const local = (await readFile(HELLO, 'utf8')).replaceAll('hello from', 'west from')
    await apply(clusters, 'west', local)
    await rolledOut(clusters, 'west', 'hello')
    await clusters.kubectl('west', ['apply', '-f', EXPORT])
    await eventually(async () => (await curl(clusters, 'west', URL)).startsWith('west from'))
    await clusters.kubectl('west', ['scale', 'deployment/hello', '-n', 'demo', '--replicas=0'])
    await eventually(async () => (await curl(clusters, 'west', URL)).startsWith('hello from'))
    await clusters.kubectl('west', ['delete', '-f', EXPORT])
    await clusters.kubectl('west', ['delete', 'deployment,service', 'hello', '-n', 'demo'])
    await eventually(async () => {
      const shown = await clusters.kubectl('west', [
        'get',
        'serviceimport',
        'hello',
        '-n',
        'demo',
        '-o',
        'jsonpath={.status.clusters[*].cluster}',
      ])
      return shown.stdout === 'east'
    })
    expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from/)
  }, 60_000)

  test('a namespace that is made later gets its import then', async () => {
    await clusters.kubectl('west', ['delete', 'namespace', 'demo', '--timeout=30s'])
    expect(await dig('hello.demo.svc.clusterset.local')).toContain('NXDOMAIN')
    await clusters.kubectl('west', ['create', 'namespace', 'demo'])
    expect(await curlEventually(clusters, 'west', URL)).toMatch(/^hello from/)
  }, 60_000)

  test('unexport stops new connections within a second and leaves no object behind', async () => {
    const address = (await dig('hello.demo.svc.clusterset.local', '+short')).trim()
    await clusters.kubectl('east', ['delete', '-f', EXPORT])
    await eventually(
      async () => {
        const result = await clusters.exec(
          'west',
          ['curl', '-sS', '--max-time', '2', `http://${address}:8080/`],
          { codes: [0, 7, 28, 52, 56] },
        )
        return result.code !== 0
      },
      { within: 1000, every: 10 },
    )
    await eventually(async () => {
      const left = await clusters.kubectl('west', [
        'get',
        'serviceimports,services,endpointslices',
        '-n',
        'demo',
        '-o',
        'name',
      ])
      return left.stdout.trim() === ''
    })
    expect(await dig('hello.demo.svc.clusterset.local')).toContain('NXDOMAIN')
    const own = await clusters.kubectl('east', ['get', 'serviceimports', '-n', 'demo', '-o', 'name'])
    expect(own.stdout.trim()).toBe('')
  }, 30_000)

  test('deleting the Service ends its export and says so', async () => {
    await clusters.kubectl('east', ['apply', '-f', EXPORT])
    await curlEventually(clusters, 'west', URL)
    await clusters.kubectl('east', ['delete', 'service', 'hello', '-n', 'demo'])
    await clusters.kubectl('east', [
      'wait',
      '-n',
      'demo',
      'serviceexport/hello',
      '--for=condition=Valid=false',
      '--timeout=10s',
    ])
    await eventually(async () => (await dig('hello.demo.svc.clusterset.local')).includes('NXDOMAIN'))
  }, 30_000)
})
