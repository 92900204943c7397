/** Clusters of a lab that can dial others and cannot be dialled. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Clusters, upLab } from '../../support/clusters.ts'
import { describeInLab } from '../../support/missing.ts'

const SLOW = 60_000

describeInLab(['nc'], 'a private cluster of the lab', () => {
  let lab: Clusters
  /** Whether a pod of the cluster reaches a node's API server. */
  const reaches = async (from: string, address: string) =>
    (await lab.exec(from, ['sh', '-c', `nc -z -w 2 ${address} 6443 && echo reached || echo not`])).stdout

  beforeAll(async () => {
    lab = await upLab(['east', 'west'], '--bare', '--private', 'west')
  }, SLOW)
  afterAll(() => lab.down(), SLOW)

  test('dials another one, and is not dialled', async () => {
    expect(await reaches('west', '172.31.0.10')).toBe('reached\n')
    expect(await reaches('east', '172.31.0.11')).toBe('not\n')
  })

  test('is driven by kubectl like any other', async () => {
    expect((await lab.kubectl('west', ['get', 'namespaces'])).stdout).toContain('kube-system')
  })
})
