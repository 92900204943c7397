/** A machine without Kubernetes beside two clusters: it exports a process and imports a Service, from files. */
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { type Clusters, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const WEB =
  "require('node:http').createServer((_, answer) => answer.end('from the machine')).listen(8080, '127.0.0.1')"
/** A process of the machine, its router, and a client that asks until the import answers. */
const MACHINE = `
trap 'kill $web $router; wait; exit' TERM
"$1" -e "$2" & web=$!
"$1" "$3" router --resources "$4" --tls-dir "$5" & router=$!
until curl -sf http://127.0.0.1:18080/; do sleep 0.2; done
wait`

const VM = { name: 'vm', namespace: 'demo' }
const exported = [
  { apiVersion: 'v1', kind: 'Service', metadata: VM, spec: { ports: [{ port: 8080 }] } },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...VM, labels: { 'kubernetes.io/service-name': 'vm' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ port: 8080 }],
  },
  { apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: VM },
]

describeInLab([], 'a site without Kubernetes', () => {
  let clusters: Clusters
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-site-'))
    clusters = await upLab()
    for (const cluster of ['east', 'west']) await clusters.kubectl(cluster, ['create', 'namespace', 'demo'])
    for (const file of ['hello.yaml', 'export.yaml'])
      await clusters.kubectl('east', ['apply', '-f', join(ROOT, 'examples/hello', file)])
    await rolledOut(clusters, 'east', 'hello')
  }, 180_000)
  afterAll(async () => {
    await clusters?.down()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  test('exports a process to all clusters and imports a Service, over the link that it dials', async () => {
    const [resources, tls] = [join(folder, 'resources'), join(folder, 'tls')]
    const certificate = ['certificate', '--cluster-id', 'vm', '--clusterset', 'lab']
    await clusters.fairlead([...certificate, '--pki', clusters.pki, '--out', tls])
    await mkdir(resources)
    await cp(join(ROOT, 'examples/site/resources/import-hello.yaml'), join(resources, 'import.yaml'))
    await writeFile(
      join(resources, 'export.json'),
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: exported }),
    )
    const { stdout } = await clusters.kubectl('west', [
      'get',
      'links',
      'east',
      '-n',
      SYSTEM_NAMESPACE,
      '-o',
      'json',
    ])
    const { apiVersion, kind, spec } = JSON.parse(stdout) as Record<string, unknown>
    await writeFile(
      join(resources, 'link.json'),
      JSON.stringify({ apiVersion, kind, metadata: { name: 'east' }, spec }),
    )

    const entry = join(ROOT, 'bin/fairlead.mjs')
    const command = ['sh', '-c', MACHINE, 'sh', process.execPath, WEB, entry, resources, tls]
    const machine = clusters.startExec('west', command)
    try {
      let said = ''
      machine.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      await eventually(() => expect(said).toMatch(/^hello from hello-/m), { within: 60_000 })
      // The one that it dials, and one that reaches it over that.
      for (const cluster of ['east', 'west'])
        expect(await curlEventually(clusters, cluster, 'http://vm.demo.svc.clusterset.local:8080/')).toBe(
          'from the machine',
        )
    } finally {
      machine.kill('SIGTERM')
      await once(machine, 'close')
    }
  }, 120_000)
})
