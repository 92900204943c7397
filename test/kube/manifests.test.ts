/** The manifests on a real API server: taken without a warning, applied twice, both versions of the standard served. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { OVERLAYS } from '../../src/cli/install/installation.ts'
import { describeWithRealApi, installCrds, type RealApi, startRealApi } from '../support/real-api.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const TIMEOUT = 180_000

describeWithRealApi('manifests on a real API server', ['kubectl'], () => {
  let api: RealApi
  const kubectl = (...args: string[]) => run(['kubectl', '--kubeconfig', api.kubeconfig, ...args])
  const folder = (overlay: string) =>
    join(ROOT, 'manifests', overlay === 'base' ? 'base' : `overlays/${overlay}`)

  beforeAll(async () => {
    api = await startRealApi()
    await installCrds(api)
    await kubectl('apply', '-f', join(folder('base'), 'namespace.yaml'))
  }, TIMEOUT)
  afterAll(() => api?.stop(), TIMEOUT)

  test.each(OVERLAYS)(
    '%s is taken by a dry run on the server and for real, without a warning',
    async (overlay) => {
      for (const dryRun of ['--dry-run=server', '--dry-run=none']) {
        const { stderr } = await kubectl('apply', '-k', folder(overlay), '--validate=strict', dryRun)
        // A dry run changes no labels of the namespace, which is what lets agents in.
        const isNews = overlay !== 'globalnet' || dryRun === '--dry-run=none'
        const warnings = serverWarnings(stderr).filter((text) => isNews || !text.includes('PodSecurity'))
        expect(warnings).toEqual([])
      }
    },
    TIMEOUT,
  )

  test(
    'a member of one namespace is taken without a warning, by somebody with the rights of its installer, but for its Secrets',
    async () => {
      await kubectl('create', 'namespace', 'team')
      await kubectl('apply', '-f', join(ROOT, 'examples/namespaced/team-installer.yaml'))
      const asAda = ['--as=ada', '--validate=strict', '-k', folder('namespaced')]
      const { stderr } = await kubectl('apply', ...asAda)
      expect(serverWarnings(stderr)).toEqual([])
      const cannot = ['--kubeconfig', api.kubeconfig, '--as=ada', 'auth', 'can-i', 'list', 'services']
      const elsewhere = await run(['kubectl', ...cannot, '-n', 'default'], { codes: [1] })
      expect(elsewhere.stdout.trim()).toBe('no')
    },
    TIMEOUT,
  )

  test(
    'the examples of network policies are taken without a warning',
    async () => {
      const { stderr } = await kubectl(
        'apply',
        '--validate=strict',
        '-f',
        join(ROOT, 'examples/network-policies'),
      )
      expect(stderr).toBe('')
    },
    TIMEOUT,
  )

  test(
    'the ingress overlay is taken without a warning, and a Link with webSocket and no such endpoint is not',
    async () => {
      const { stderr } = await kubectl('apply', '-k', folder('ingress'), '--validate=strict')
      expect(serverWarnings(stderr)).toEqual([])
      const link = {
        apiVersion: 'fairlead.dev/v1alpha1',
        kind: 'Link',
        metadata: { name: 'wrong', namespace: 'fairlead-system' },
        spec: { endpoints: [{ host: 'east', port: 5671 }], webSocket: { path: '/amqp' } },
      }
      const apply = ['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '-f', '-']
      const refused = await run(apply, { input: JSON.stringify(link), codes: [1] })
      expect(refused.stderr).toContain('webSocket is for endpoints with transport wss')
    },
    TIMEOUT,
  )

  test(
    'one export is seen through both versions of the standard',
    async () => {
      await kubectl('create', 'namespace', 'demo')
      const manifest = {
        apiVersion: 'multicluster.x-k8s.io/v1alpha1',
        kind: 'ServiceExport',
        metadata: { name: 'hello' },
      }
      const apply = ['kubectl', '--kubeconfig', api.kubeconfig, 'apply', '-n', 'demo', '-f', '-']
      await run(apply, { input: JSON.stringify(manifest) })
      for (const version of ['v1alpha1', 'v1beta1']) {
        const type = `serviceexports.${version}.multicluster.x-k8s.io`
        const { stdout } = await kubectl('get', type, 'hello', '-n', 'demo', '-o', 'jsonpath={.apiVersion}')
        expect(stdout).toBe(`multicluster.x-k8s.io/${version}`)
      }
    },
    TIMEOUT,
  )
})

/** What the server warns of; lines with a `#` are kubectl's own, about how kustomizations for old versions of it are written. */
function serverWarnings(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('# '))
}
