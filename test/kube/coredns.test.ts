/** The same questions to our resolver and to a real CoreDNS in multicluster mode, which read the same objects from the same API server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Resource } from '../../src/api/resources.ts'
import { type CoreDns, oneBlock, startCoreDns } from '../support/coredns.ts'
import { askDns, type Said } from '../support/dns-ask.ts'
import { DIFFERENCES, reasonFor } from '../support/dns-differences.ts'
import { type DnsProcess, startDnsProcess } from '../support/dns-process.ts'
import { IMPORTS, NAMESPACES, questions, SLICES } from '../support/dns-questions.ts'
import { eventually } from '../support/eventually.ts'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'

const TIMEOUT = 240_000

describeWithRealApi('CoreDNS', ['coredns', 'kubectl'], () => {
  let api: RealApi
  let theirs: CoreDns
  let ours: DnsProcess

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
    for (const name of NAMESPACES) await api.client.create(Resource.namespace, { metadata: { name } })
    for (const object of IMPORTS) {
      await eventually(() => api.client.create(Resource.serviceImport, object))
    }
    for (const object of SLICES) await api.client.create(Resource.endpointSlice, object)
    theirs = await startCoreDns(
      oneBlock(
        'kubernetes cluster.local clusterset.local {',
        `  kubeconfig ${api.kubeconfig}`,
        '  multicluster clusterset.local',
        '}',
      ),
    )
    ours = await startDnsProcess(api.kubeconfig)
    await eventually(async () => {
      const { status } = await fetch(`http://127.0.0.1:${ours.health}/readyz`)
      if (status !== 200) throw new Error('our resolver is not ready')
    })
  }, TIMEOUT)
  afterAll(async () => {
    ours?.child.kill('SIGKILL')
    await theirs?.stop()
    await api?.stop()
  }, TIMEOUT)

  test(
    'answers as we do, but for differences that have a reason',
    async () => {
      const unexplained: unknown[] = []
      const reasons = new Set<string>()
      for (const question of questions()) {
        const [us, them] = await Promise.all([ours.port, theirs.port].map((port) => askDns(port, question)))
        if (JSON.stringify(us) === JSON.stringify(them)) continue
        const reason = reasonFor(question, us as Said, them as Said)
        if (reason === undefined) unexplained.push({ ...question, us, them })
        else reasons.add(reason)
      }
      expect(unexplained).toEqual([])
      // What CoreDNS no longer does differently is no longer to be told.
      expect(DIFFERENCES.map(({ reason }) => reason).filter((reason) => !reasons.has(reason))).toEqual([])
    },
    TIMEOUT,
  )
})
