/** What install does about keys: founds where it is told to, waits to join where it is not, and leaves members alone. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { Resource } from '../../../src/api/resources.ts'
import { type Trust, TrustSecret } from '../../../src/api/trust.ts'
import { type InstallOptions, installFairlead } from '../../../src/cli/install/install.ts'
import { readCertificates, verifyChain } from '../../../src/pki/chain.ts'
import { createRoot } from '../../../src/pki/clusterset-root.ts'
import { newSecret, readSecret, secretText } from '../../../src/trust/secrets.ts'
import { type KubeApi, startKubeApi } from '../../support/kube-api.ts'

const SYSTEM = 'fairlead-system'

let api: KubeApi
beforeEach(async () => {
  api = await startKubeApi()
})
afterEach(() => api.stop())

const install = (options: Partial<InstallOptions> = {}) =>
  installFairlead({ kubeconfig: api.kubeconfig, overlay: 'lab', ...options })
const secret = (name: string) => readSecret(api.client, { namespace: SYSTEM, name })
const text = async (name: string, key: string) => {
  const found = await secret(name)
  return found === undefined ? '' : (secretText(found, key) ?? '')
}
const trust = () => api.client.get<Trust>(Resource.trust, { namespace: SYSTEM, name: 'clusterset' })

test('--clusterset founds: root, authority and leaves are there at once, and fit', async () => {
  const report = await install({ clusterset: 'shop', clusterId: 'east' })
  expect(report).toMatchObject({ trust: 'founds', clusterset: 'shop', clusterId: 'east' })
  const chain = readCertificates(await text(TrustSecret.router, 'tls.crt'))
  const roots = readCertificates(await text(TrustSecret.authority, 'ca.crt'))
  expect(await text(TrustSecret.root, 'tls.crt')).toBe(await text(TrustSecret.authority, 'ca.crt'))
  expect(verifyChain(chain, { clusterset: 'shop', roots }, Date.now()).identity).toEqual({
    clusterset: 'shop',
    cluster: 'east',
    role: 'router',
  })
  expect((await trust())?.spec).toEqual({ found: true })
  const key = await text(TrustSecret.root, 'tls.key')
  const again = await install({ clusterset: 'shop' })
  expect(again.objects.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([])
  expect(await text(TrustSecret.root, 'tls.key')).toBe(key)
})

test('a root that was brought signs', async () => {
  await install()
  const root = await createRoot({ clusterset: 'shop', days: 30 })
  const values = { 'tls.crt': root.certPem, 'tls.key': root.keyPem }
  await api.client.create(
    Resource.secret,
    newSecret({ namespace: SYSTEM, name: TrustSecret.root }, values) as KubeObject,
  )
  await api.client.delete(Resource.deployment, { namespace: SYSTEM, name: 'fairlead-controller' })
  const report = await install({ clusterset: 'shop', clusterId: 'east' })
  expect(report.objects.map(({ object }) => object)).not.toContain(`secret/${TrustSecret.root} -n ${SYSTEM}`)
  expect(await text(TrustSecret.authority, 'ca.crt')).toBe(root.certPem)
})

test('without --clusterset it waits to join: no key is made, and only the resolver is waited for', async () => {
  const said: string[] = []
  const report = await install({ clusterId: 'west', say: (message) => said.push(message) })
  expect(report).toMatchObject({ trust: 'waits', clusterId: 'west' })
  expect(said.join('\n')).toContain('run "fairlead join FILE"')
  for (const name of Object.values(TrustSecret)) expect(await secret(name)).toBeUndefined()
  expect((await trust())?.spec).toEqual({})
})

test('a controller that runs already makes the keys itself: two would make two roots', async () => {
  await install()
  const report = await install({ clusterset: 'shop', clusterId: 'east' })
  expect(report.trust).toBe('founds')
  expect(await secret(TrustSecret.root)).toBeUndefined()
  expect((await trust())?.spec).toEqual({ found: true })
})

test('the root of a founder is in one place: --pki is refused there', async () => {
  await install({ clusterset: 'shop', clusterId: 'east' })
  await expect(install({ pkiDir: '/nowhere' })).rejects.toThrow('leave --pki out')
})
