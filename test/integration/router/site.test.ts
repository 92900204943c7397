/** Two sites without Kubernetes: a process that one exports is reached through the other's import. */
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { fairlead } from '../../support/clusters.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-ports.ts'
import { RouterProcess } from '../../support/router-process.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'
import { ask, serveEcho } from '../../support/tcp.ts'

const EXAMPLES = join(ROOT, 'examples/site/resources')
const owned: AsyncDisposable[] = []

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
})

function own<T extends AsyncDisposable>(part: T): T {
  owned.push(part)
  return part
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fairlead-site-'))
  owned.push({ [Symbol.asyncDispose]: () => rm(path, { recursive: true }) })
  return path
}

async function startSite(resources: string, tlsDir: string): Promise<RouterProcess> {
  const router = own(new RouterProcess(undefined, tlsDir, ['--resources', resources]))
  await eventually(async () => expect(await router.get('/readyz')).toBe('200 ok\n'), { within: 20_000 })
  return router
}

/** Moved in place, as people are told to. */
async function put(resources: string, name: string, text: string): Promise<void> {
  await writeFile(join(resources, `.${name}`), text)
  await rename(join(resources, `.${name}`), join(resources, name))
}

const serviceImport = (port: number, listenPort: number) => `
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceImport
metadata:
  name: postgres
  namespace: data
  annotations:
    fairlead.dev/listen-ports: ${port}=${listenPort}
spec:
  ports:
    - port: ${port}
`

const link = (port: number) => `
apiVersion: fairlead.dev/v1alpha1
kind: Link
metadata: {name: database}
spec:
  endpoints:
    - {host: 127.0.0.1, port: ${port}}
`

test('a process is exported by one site and reached through another, as the files say at each moment', async () => {
  const clusterset = own(await TestClusterset.create())
  const backend = own(await serveEcho())
  const [near, client] = [await folder(), await folder()]
  const example = await readFile(join(EXAMPLES, 'export-postgres.yaml'), 'utf8')
  const exported = example.replaceAll(/^( +port: )5432$/gm, (line, before, at) =>
    at < example.indexOf('EndpointSlice') ? line : `${before}${backend.port}`,
  )
  await put(near, 'postgres.yaml', exported)
  const database = await startSite(near, await clusterset.tlsDir('database'))

  const [listenPort] = (await freePorts(1)) as [number]
  await put(client, 'link.yaml', link(database.running.linkPort))
  await put(client, 'postgres.yaml', serviceImport(5432, listenPort))
  const site = await startSite(client, await clusterset.tlsDir('desk'))
  await eventually(async () => expect(await ask(listenPort, 'hello')).toBe('hello'), { within: 20_000 })
  expect(await site.report('/trace?namespace=data&name=postgres')).toContain('"cluster":"database"')

  await put(near, 'postgres.yaml', 'kind: [')
  await eventually(() =>
    expect(database.line('a file cannot be used: what it last said goes on')).toMatchObject({
      file: 'postgres.yaml',
    }),
  )
  expect(await database.get('/metrics')).toContain('\nfairlead_site_file_problems 1\n')
  expect(await ask(listenPort, 'still there')).toBe('still there')

  await rm(join(near, 'postgres.yaml'))
  await eventually(() => expect(ask(listenPort, 'gone')).rejects.toThrow())
  await put(near, 'postgres.yaml', exported)
  await eventually(async () => expect(await ask(listenPort, 'back')).toBe('back'), { within: 20_000 })
}, 90_000)

test('the files of the example are good', async () => {
  const clusterset = own(await TestClusterset.create())
  const resources = await folder()
  await cp(EXAMPLES, resources, { recursive: true })
  const site = await startSite(resources, await clusterset.tlsDir('vm'))
  expect(site.line('resources are read')).toMatchObject({ files: 3, imports: 1, exports: 1, links: 1 })
  expect(await site.get('/metrics')).toContain('\nfairlead_site_file_problems 0\n')
}, 60_000)

test('a certificate for a site is issued from the root of the clusterset, and its key is secret', async () => {
  const dir = await folder()
  const args = ['certificate', '--cluster-id', 'vm', '--pki', join(dir, 'pki'), '--out', join(dir, 'tls')]
  const refused = await fairlead(args, { codes: [2] })
  expect(refused.stderr).toContain('holds no root key')
  const root = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  await run(['mkdir', join(dir, 'pki')])
  await run(['openssl', ...root, '-out', join(dir, 'pki/ca.key')])
  const request = ['req', '-x509', '-key', join(dir, 'pki/ca.key'), '-subj', '/CN=root', '-days', '1']
  await run(['openssl', ...request, '-out', join(dir, 'pki/ca.crt')])
  await fairlead(args)
  const { stdout } = await run([
    'openssl',
    'x509',
    '-in',
    join(dir, 'tls/tls.crt'),
    '-noout',
    '-ext',
    'subjectAltName',
  ])
  expect(stdout).toContain('URI:spiffe://clusterset/cluster/vm/router')
  expect((await run(['stat', '-c', '%a', join(dir, 'tls/tls.key')])).stdout.trim()).toBe('600')
}, 60_000)

test('--resources and --kubeconfig exclude each other, and a missing folder is named', async () => {
  const both = await fairlead(['router', '--resources', '/tmp', '--kubeconfig', '/tmp/x'], { codes: [2] })
  expect(both.stderr).toContain('leave --kubeconfig out')
  const clusterset = own(await TestClusterset.create())
  const flags = [
    '--tls-dir',
    await clusterset.tlsDir('vm'),
    '--link-port=0',
    '--health-port=0',
    '--report-port=0',
  ]
  const missing = await fairlead(['router', '--resources', '/nothing/here', ...flags], { codes: [1] })
  expect(missing.stderr).toContain('the folder /nothing/here cannot be read')
}, 60_000)
