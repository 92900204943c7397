/**
 * The checks of the public conformance suite of the Multi-Cluster Services API (kubernetes-sigs/mcs-api, folder
 * conformance), a test each, on two clusters; docs/conformance.md says which is which.
 */
import { afterAll, beforeAll } from '@jest/globals'
import { type Clusters, upClusters } from '../support/clusters.ts'
import { checkConflicts } from '../support/conformance/conflicts.ts'
import { checkConnectivity } from '../support/conformance/connectivity.ts'
import { checkDns } from '../support/conformance/dns.ts'
import { checkEndpointSlices } from '../support/conformance/endpoint-slices.ts'
import { checkHeadlessDns } from '../support/conformance/headless-dns.ts'
import { checkImports } from '../support/conformance/imports.ts'
import { checksIn } from '../support/conformance/scene.ts'
import { describeInLab } from '../support/missing.ts'

describeInLab(['nslookup', 'nc'], 'conformance', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upClusters()
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  const check = checksIn(() => clusters)
  checkImports(check)
  checkConflicts(check)
  checkEndpointSlices(check)
  checkDns(check)
  checkHeadlessDns(check)
  checkConnectivity(check)
})
