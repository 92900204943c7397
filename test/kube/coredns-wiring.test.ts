/** What `fairlead install` writes into CoreDNS's configuration, read by a real CoreDNS in front of our resolver. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Resource } from '../../src/api/resources.ts'
import { withForwarding, withoutForwarding } from '../../src/cli/install/corefile.ts'
import { type CoreDns, type CoreDnsPorts, startCoreDns } from '../support/coredns.ts'
import { askDns } from '../support/dns-ask.ts'
import { serviceImport, ZONE } from '../support/dns-fixture.ts'
import { type DnsProcess, startDnsProcess } from '../support/dns-process.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { KUBEADM } from '../support/kubeadm-corefile.ts'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'

const TIMEOUT = 120_000
const NAME = `web.demo.svc.${ZONE}`

describeWithRealApi('the Corefile of an install', ['coredns', 'kubectl'], () => {
  let api: RealApi
  let resolver: DnsProcess
  let coreDns: CoreDns
  let wired: string
  let spare: readonly number[]

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
    await api.client.create(Resource.namespace, { metadata: { name: 'demo' } })
    resolver = await startDnsProcess(api.kubeconfig)
    spare = await freePorts(3)
    wired = withForwarding(KUBEADM, `127.0.0.1:${resolver.port}`)
    coreDns = await startCoreDns((ports) => onLoopback(wired, ports))
  }, TIMEOUT)
  afterAll(async () => {
    resolver?.child.kill('SIGKILL')
    await coreDns?.stop()
    await api?.stop()
  }, TIMEOUT)

  /** The same file with ports and files of this test in place of those of a cluster. */
  function onLoopback(corefile: string, { dns, ready }: CoreDnsPorts): string {
    const [health, metrics, upstream] = spare
    return corefile
      .replaceAll(':53 {', `:${dns} {\n    bind 127.0.0.1`)
      .replace('health {', `health 127.0.0.1:${health} {`)
      .replace(':9153', `127.0.0.1:${metrics}`)
      .replace('    ready\n', `    ready 127.0.0.1:${ready}\n`)
      .replace('ip6.arpa {', `ip6.arpa {\n       kubeconfig ${api.kubeconfig}`)
      .replace('/etc/resolv.conf', `127.0.0.1:${upstream}`)
  }

  test('hands clusterset.local on: what is not there, and what comes right after', async () => {
    await eventually(async () =>
      expect(await askDns(coreDns.port, { name: NAME, type: 'A' })).toMatchObject({ rcode: 3 }),
    )
    await api.client.create(Resource.serviceImport, serviceImport('web', { ips: ['10.96.5.5'] }, 'demo'))
    await eventually(async () => {
      const { answers } = await askDns(coreDns.port, { name: NAME, type: 'A' })
      expect(answers).toEqual([`${NAME} type1 5 address=10.96.5.5`])
    })
  })

  test('leaves cluster.local to CoreDNS', async () => {
    const name = 'kubernetes.default.svc.cluster.local'
    expect((await askDns(coreDns.port, { name, type: 'A' })).answers).toEqual([
      `${name} type1 30 address=10.96.0.1`,
    ])
  })

  test(
    'taken out again, clusterset.local is a name like any other',
    async () => {
      await coreDns.reload((ports) => onLoopback(withoutForwarding(wired), ports))
      await eventually(
        async () => expect(await askDns(coreDns.port, { name: NAME, type: 'A' })).toMatchObject({ rcode: 2 }),
        { within: 30_000 },
      )
    },
    TIMEOUT,
  )
})
