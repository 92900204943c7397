/** Installing with the admission policies on a real API server, and taking all away as somebody whom they would refuse. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { ServiceImport } from '../../src/api/mcs.ts'
import { Resource, type ResourceType } from '../../src/api/resources.ts'
import { installFairlead } from '../../src/cli/install/install.ts'
import { uninstallFairlead } from '../../src/cli/install/uninstall.ts'
import { eventually } from '../support/eventually.ts'
import { describeWithRealApi, type RealApi, startRealApi } from '../support/real-api.ts'
import { run } from '../support/run.ts'

const TIMEOUT = 180_000
const WITHIN = { within: 60_000, every: 200 }
const CONTROLLER = 'system:serviceaccount:fairlead-system:fairlead-controller'

describeWithRealApi('install with admission policies', ['kubectl'], () => {
  let api: RealApi
  let folder: string
  const kubectl = (args: readonly string[], input = '') =>
    run(['kubectl', '--kubeconfig', api.kubeconfig, ...args], { input })
  const count = async (type: ResourceType) => (await api.client.list(type)).items.length

  beforeAll(async () => {
    api = await startRealApi()
    folder = await mkdtemp(join(tmpdir(), 'fairlead-install-'))
    await kubectl(['create', 'namespace', 'demo'])
    await kubectl(['create', 'clusterrolebinding', 'owner', '--clusterrole=cluster-admin', '--user=owner'])
  }, TIMEOUT)
  afterAll(async () => {
    await api?.stop()
    await rm(folder, { recursive: true, force: true })
  }, TIMEOUT)

  test(
    'makes policies that act, and changes nothing the second time',
    async () => {
      const options = { kubeconfig: api.kubeconfig, pkiDir: join(folder, 'pki'), overlay: 'base' } as const
      await installFairlead({ ...options, clusterId: 'east', admission: true })
      expect(await count(Resource.admissionPolicy)).toBe(6)
      const create = (metadata: object) => kubectl(['create', '-f', '-'], JSON.stringify(anImport(metadata)))
      await eventually(
        () => expect(create({ generateName: 'mine-' })).rejects.toThrow('only the controller of fairlead'),
        WITHIN,
      )
      // Type checks are written into the policies meanwhile, which looks like a change of ours.
      await eventually(async () => {
        const { objects } = await installFairlead({ ...options, admission: true })
        const changed = objects.filter(({ outcome }) => outcome !== 'unchanged')
        expect(changed.filter(({ object }) => object.includes('policy'))).toEqual([])
      }, WITHIN)
    },
    TIMEOUT,
  )

  test(
    'uninstall takes the policies away first, and then the imports that they guard',
    async () => {
      const created = anImport({ name: 'hello' })
      const apply = ['apply', '--server-side', '--field-manager=fairlead-importer', `--as=${CONTROLLER}`]
      await kubectl([...apply, '-f', '-'], JSON.stringify(created))
      const asOwner = join(folder, 'owner')
      await writeFile(asOwner, await actingAs(api.kubeconfig, 'owner'))
      const { deleted } = await uninstallFairlead({ kubeconfig: asOwner })
      expect(deleted).toContain('serviceimport/hello -n demo')
      expect(await count(Resource.admissionPolicy)).toBe(0)
      expect(await count(Resource.admissionPolicyBinding)).toBe(0)
    },
    TIMEOUT,
  )
})

function anImport(metadata: object): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: { ...metadata, namespace: 'demo' },
    spec: { type: 'ClusterSetIP', ports: [{ port: 80 }] },
  }
}

/** The kubeconfig of an administrator who acts for somebody else. */
async function actingAs(kubeconfig: string, user: string): Promise<string> {
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: { user: object }[] }
  return JSON.stringify({
    ...config,
    users: config.users.map((entry) => ({ ...entry, user: { ...entry.user, as: user } })),
  })
}
