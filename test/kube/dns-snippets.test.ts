/** The CoreDNS blocks that docs/dns.md has people write by hand, read by a real CoreDNS. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Resource } from '../../src/api/resources.ts'
import { type CoreDns, type CoreDnsPorts, startCoreDns } from '../support/coredns.ts'
import { askDns } from '../support/dns-ask.ts'
import { serviceImport, ZONE } from '../support/dns-fixture.ts'
import { type DnsProcess, startDnsProcess } from '../support/dns-process.ts'
import { docsPage, fencedBlocks } from '../support/docs-page.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'

const TIMEOUT = 120_000
const NAME = `web.demo.svc.${ZONE}`
const [, nodeLocal = '', multicluster = ''] = fencedBlocks(docsPage('docs/dns.md'), 'Corefile')

describeWithRealApi('a block written by hand', ['coredns', 'kubectl'], () => {
  let api: RealApi
  let resolver: DnsProcess
  let metricsPort: number
  let coreDns: CoreDns | undefined

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
    await api.client.create(Resource.namespace, { metadata: { name: 'demo' } })
    await eventually(() =>
      api.client.create(Resource.serviceImport, serviceImport('web', { ips: ['10.96.5.5'] }, 'demo')),
    )
    resolver = await startDnsProcess(api.kubeconfig)
    metricsPort = (await freePorts(1))[0] ?? 0
  }, TIMEOUT)
  afterAll(async () => {
    resolver?.child.kill('SIGKILL')
    await coreDns?.stop()
    await api?.stop()
  }, TIMEOUT)

  /** The block with ports and files of this test in place of those of a cluster, and one that says when it is ready. */
  function onLoopback(block: string, { dns, ready }: CoreDnsPorts): string {
    const bind = block.includes('bind ') ? '' : '\n    bind 127.0.0.1'
    const zone = block
      .replace(':53 {', `:${dns} {${bind}`)
      .replace(/bind .*$/m, 'bind 127.0.0.1')
      .replace('10.96.7.7', `127.0.0.1:${resolver.port}`)
      .replace(':9253', `127.0.0.1:${metricsPort}`)
      .replace('kubernetes clusterset.local {', `$&\n        kubeconfig ${api.kubeconfig}`)
    return `${zone}.:${dns} {\n    bind 127.0.0.1\n    ready 127.0.0.1:${ready}\n}\n`
  }

  test.each([
    ['node-local-dns', nodeLocal],
    ['CoreDNS in multicluster mode', multicluster],
  ])(
    '%s answers',
    async (_name, block) => {
      await coreDns?.stop()
      coreDns = await startCoreDns((ports) => onLoopback(block, ports))
      const { port } = coreDns
      await eventually(async () => {
        const { answers } = await askDns(port, { name: NAME, type: 'A' })
        expect(answers).toEqual([`${NAME} type1 5 address=10.96.5.5`])
      })
      expect(await askDns(port, { name: `nosuch.demo.svc.${ZONE}`, type: 'A' })).toMatchObject({ rcode: 3 })
    },
    TIMEOUT,
  )
})
