/** The manifests by real kubectl against a real API server: applied, applied again, deleted. */

import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { OVERLAYS } from '../../../src/cli/install/installation.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

describeWith(['kubectl'], 'kubectl apply -k', () => {
  let api: KubeApi
  beforeAll(async () => {
    api = await startKubeApi()
  })
  afterAll(() => api?.stop())

  const kubectl = async (...args: string[]) =>
    (await run(['kubectl', '--kubeconfig', api.kubeconfig, ...args])).stdout
  const folder = (overlay: string) =>
    join(ROOT, 'manifests', overlay === 'base' ? 'base' : `overlays/${overlay}`)

  /** Name and resource version of every object of an overlay. */
  const versions = async (overlay: string) => {
    const list = JSON.parse(await kubectl('get', '-k', folder(overlay), '-o', 'json')) as {
      items: KubeObject[]
    }
    return list.items.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`)
  }

  test('makes every object', async () => {
    expect(verdicts(await kubectl('apply', '-k', folder('base')))).toEqual(new Set(['created']))
  })

  test.each(OVERLAYS)('of %s leaves nothing to change for a second time', async (overlay) => {
    await kubectl('apply', '-k', folder(overlay))
    const before = await versions(overlay)
    expect(verdicts(await kubectl('apply', '-k', folder(overlay)))).toEqual(new Set(['unchanged']))
    expect(await versions(overlay)).toEqual(before)
  })

  test('serves both versions of the standard, one object seen through either', async () => {
    const crds = ['serviceexports.multicluster.x-k8s.io', 'links.fairlead.dev'].map((name) => `crd/${name}`)
    await kubectl('wait', '--for=condition=Established', '--timeout=20s', ...crds)
    await kubectl('create', 'namespace', 'demo')
    const manifest = {
      apiVersion: 'multicluster.x-k8s.io/v1alpha1',
      kind: 'ServiceExport',
      metadata: { name: 'hello' },
    }
    const command = ['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '-n', 'demo', '-f', '-']
    await run(command, { input: JSON.stringify(manifest) })
    const seen = await kubectl(
      'get',
      'serviceexports.v1beta1.multicluster.x-k8s.io',
      'hello',
      '-n',
      'demo',
      '-o',
      'json',
    )
    expect(JSON.parse(seen)).toMatchObject({ apiVersion: 'multicluster.x-k8s.io/v1beta1' })
    expect(await kubectl('get', 'svcex', '-n', 'demo')).toMatch(/^NAME\s+AGE\nhello\s/)
  })

  test('deletes all of it again', async () => {
    // The overlay that has most: all of the base, and what only it has.
    await kubectl('delete', '-k', folder('globalnet'), '--ignore-not-found', '--timeout=60s')
    const left = await kubectl(
      'get',
      'clusterroles,clusterrolebindings,crds',
      '-l',
      'app.kubernetes.io/part-of=fairlead',
    )
    expect(left).toBe('')
  }, 90_000)
})

/**
 * The last word of each line kubectl prints for an object. It sends the selector of a PodDisruptionBudget every time (its
 * patch strategy is "replace") and then says "configured", on any cluster.
 */
function verdicts(output: string): Set<string> {
  const lines = output.trim().split('\n')
  const telling = lines.filter((line) => !/^poddisruptionbudget\S+ configured$/.test(line))
  return new Set(telling.map((line) => line.split(' ').at(-1) ?? ''))
}
