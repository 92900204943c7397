/** `fairlead dns` as a process against an API server: from nothing to an answer, and through the API's absence. */
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import { Resource } from '../../../src/api/resources.ts'
import { ApiCluster } from '../../support/api-cluster.ts'
import { askDns } from '../../support/dns-ask.ts'
import { serviceImport, ZONE } from '../../support/dns-fixture.ts'
import { type DnsProcess, startDnsProcess } from '../../support/dns-process.ts'
import { TcpClient } from '../../support/dns-server.ts'
import { decode, query } from '../../support/dns-wire.ts'
import { eventually } from '../../support/eventually.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

const WEB = `web.demo.svc.${ZONE}`
let cluster: ApiCluster
let folder: string
let dns: DnsProcess

beforeAll(async () => {
  cluster = await ApiCluster.start({ durable: true })
  await cluster.namespace('demo')
  folder = await mkdtemp(join(tmpdir(), 'fairlead-dns-'))
  const kubeconfig = join(folder, 'config')
  await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 })
  dns = await startDnsProcess(kubeconfig)
})
afterAll(async () => {
  if (dns.child.exitCode === null) dns.child.kill('SIGKILL')
  await cluster[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test('becomes ready, and resolves an import once it has an address', async () => {
  await eventually(async () => expect(await health('readyz')).toEqual([200, 'ok\n']))
  await cluster.client.create<ServiceImport>(Resource.serviceImport, serviceImport('web', {}, 'demo'))
  await eventually(async () => expect((await ask(WEB)).rcode).toBe(2))
  const spec = { ips: ['10.96.5.5'] }
  await cluster.client.patch(Resource.serviceImport, { namespace: 'demo', name: 'web' }, 'merge', { spec })
  await eventually(async () => expect(await ask(WEB)).toMatchObject({ answers: [{ address: '10.96.5.5' }] }))
  expect((await health('metrics'))[1]).toMatch(/fairlead_dns_services 1/)
})

test('goes on answering through a restart of the API server, and sees what comes after it', async () => {
  await cluster.restart()
  expect(await ask(WEB)).toMatchObject({ answers: [{ address: '10.96.5.5' }] })
  await cluster.client.delete(Resource.serviceImport, { namespace: 'demo', name: 'web' })
  await eventually(async () => expect((await ask(WEB)).rcode).toBe(3))
})

test('watches the rate of its sources, and takes no rate that is no number', async () => {
  await askDns(dns.port, { name: WEB, type: 'A' })
  expect((await health('metrics'))[1]).toMatch(/fairlead_dns_sources 1\n/)
  const file = join(ROOT, 'src/bin/fairlead.ts')
  const wrong = await run([process.execPath, file, 'dns', '--source-rate=many'], { codes: [2] })
  expect(wrong.stderr).toContain('--source-rate many')
})

test('ends in order on SIGTERM', async () => {
  dns.child.kill('SIGTERM')
  expect(await once(dns.child, 'exit')).toEqual([0, null])
})

async function ask(name: string) {
  const client = new TcpClient('127.0.0.1', dns.port)
  client.send(query(name))
  const response = decode(await client.next())
  client.socket.destroy()
  return response
}

async function health(path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${dns.health}/${path}`)
  return [response.status, await response.text()]
}
