/** Nothing is written while nothing changes, by the audit logs of the API servers. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, curlEventually, rolledOut, upLab } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { ROOT } from '../support/source-tree.ts'

const CLUSTERS = ['east', 'west']
const example = (name: string) => join(ROOT, 'examples/hello', name)

interface AuditEvent {
  readonly user: { readonly username: string }
  readonly verb: string
  readonly objectRef?: { readonly resource: string; readonly name?: string }
}

describeInLab([], 'clusters in which nothing changes', () => {
  let clusters: Clusters
  beforeAll(async () => {
    clusters = await upLab(CLUSTERS)
    for (const cluster of CLUSTERS) {
      await clusters.kubectl(cluster, ['apply', '-f', example('hello.yaml')])
      await rolledOut(clusters, cluster, 'hello')
      await clusters.kubectl(cluster, ['apply', '-f', example('export.yaml')])
    }
    await curlEventually(clusters, 'west', 'http://hello.demo.svc.clusterset.local:8080/', 30_000)
  }, 300_000)
  afterAll(() => clusters?.down(), 60_000)

  /** What our processes wrote, in order. */
  async function writes(cluster: string): Promise<string[]> {
    const events = (await clusters.audit(cluster))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent)
    return events
      .filter(({ user }) => user.username.startsWith('system:serviceaccount:fairlead-system:'))
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name ?? ''}`)
  }
  const isLease = (write: string) => write.includes(' leases/')

  // The clock of the test: whoever renews its lease is alive and has had the time to write.
  test.each(CLUSTERS)(
    'three renewals of the lease in %s have no other write between them',
    async (cluster) => {
      await eventually(
        async () => {
          const last = (await writes(cluster)).slice(-3)
          expect(last).toHaveLength(3)
          expect(last.filter((write) => !isLease(write))).toEqual([])
        },
        { within: 60_000, every: 500 },
      )
    },
    90_000,
  )
})
