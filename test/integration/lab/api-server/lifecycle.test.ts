import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '../../../support/eventually.ts'
import { type RawApi, startRawApi } from '../../../support/raw-api.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

describe('the life of objects', () => {
  let api: RawApi

  beforeAll(async () => {
    api = await startRawApi()
  })

  afterAll(() => api.stop())

  const create = async (name: string, metadata: object = {}) => {
    const { body } = await api.call('POST', CONFIG_MAPS, { body: { metadata: { name, ...metadata } } })
    return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: body.metadata.uid as string }
  }
  const owned = (owner: object, blockOwnerDeletion = false) => ({
    ownerReferences: [{ ...owner, blockOwnerDeletion }],
  })
  const status = async (name: string) => (await api.call('GET', `${CONFIG_MAPS}/${name}`)).status
  const remove = (name: string, propagationPolicy: string) =>
    api.call('DELETE', `${CONFIG_MAPS}/${name}`, { body: { propagationPolicy } })
  const gone = (name: string) => eventually(async () => (await status(name)) === 404)

  test('in the background: dependents go after their owner, whole trees of them', async () => {
    const root = await create('bg-root')
    const middle = await create('bg-middle', owned(root))
    await create('bg-leaf', owned(middle))
    await remove('bg-root', 'Background')
    expect(await status('bg-root')).toBe(404)
    await gone('bg-leaf')
    await gone('bg-middle')
  })

  test('in the foreground: the owner stays until blocking dependents are gone', async () => {
    const root = await create('fg-root')
    await create('fg-held', { ...owned(root, true), finalizers: ['test.example/hold'] })
    await remove('fg-root', 'Foreground')
    await eventually(async () => {
      const { body } = await api.call('GET', `${CONFIG_MAPS}/fg-held`)
      return body.metadata.deletionTimestamp !== undefined
    })
    const waiting = await api.call('GET', `${CONFIG_MAPS}/fg-root`)
    expect(waiting.body.metadata.finalizers).toEqual(['foregroundDeletion'])
    const patch = { type: 'application/merge-patch+json', body: { metadata: { finalizers: null } } }
    await api.call('PATCH', `${CONFIG_MAPS}/fg-held`, patch)
    await gone('fg-held')
    await gone('fg-root')
  })

  test('orphaned: dependents stay and lose the reference', async () => {
    const root = await create('or-root')
    await create('or-child', owned(root))
    await remove('or-root', 'Orphan')
    await gone('or-root')
    const { body } = await api.call('GET', `${CONFIG_MAPS}/or-child`)
    expect(body.metadata.ownerReferences).toBeUndefined()
  })

  test('with two owners ends with the second', async () => {
    const one = await create('two-one')
    const two = await create('two-two')
    await create('two-child', { ownerReferences: [one, two] })
    await remove('two-one', 'Background')
    await eventually(async () => {
      const { body } = await api.call('GET', `${CONFIG_MAPS}/two-child`)
      return body.metadata.ownerReferences.length === 1
    })
    await remove('two-two', 'Background')
    await gone('two-child')
  })

  test('a deletion that is under way goes on over changes', async () => {
    await create('held', { finalizers: ['test.example/hold'] })
    await remove('held', 'Background')
    const patch = { type: 'application/merge-patch+json', body: { data: { still: 'changing' } } }
    expect((await api.call('PATCH', `${CONFIG_MAPS}/held`, patch)).status).toBe(200)
    await api.call('PATCH', `${CONFIG_MAPS}/held`, { ...patch, body: { metadata: { finalizers: [] } } })
    expect(await status('held')).toBe(404)
  })

  test('a custom resource is read and written in each of its versions', async () => {
    const schema = {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { n: { type: 'integer' } } } },
      },
    }
    const names = { plural: 'gears', singular: 'gear', kind: 'Gear' }
    const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema })
    const versions = [version('v1', true), version('v1beta1', false)]
    const crd = {
      metadata: { name: 'gears.test.example' },
      spec: { group: 'test.example', scope: 'Cluster', names, versions },
    }
    const made = await api.call('POST', CRDS, { body: crd })
    expect(made.body.status).toMatchObject({ acceptedNames: { kind: 'Gear' }, storedVersions: ['v1'] })

    const old = '/apis/test.example/v1beta1/gears'
    await api.call('POST', old, {
      body: { apiVersion: 'test.example/v1beta1', kind: 'Gear', metadata: { name: 'g' }, spec: { n: 1 } },
    })
    const current = await api.call('GET', '/apis/test.example/v1/gears/g')
    expect(current.body).toMatchObject({ apiVersion: 'test.example/v1', spec: { n: 1 } })
    expect((await api.call('GET', old)).body.items[0].apiVersion).toBe('test.example/v1beta1')
    const group = await api.call('GET', '/apis/test.example')
    expect(group.body.preferredVersion.version).toBe('v1')

    const next = {
      ...made.body,
      spec: { ...made.body.spec, versions: [versions[0], { ...versions[1], served: false }] },
    }
    await api.call('PUT', `${CRDS}/gears.test.example`, { body: next })
    expect((await api.call('GET', old)).status).toBe(404)

    await api.call('DELETE', `${CRDS}/gears.test.example`)
    await eventually(async () => (await api.call('GET', `${CRDS}/gears.test.example`)).status === 404)
    expect((await api.call('GET', '/apis/test.example/v1/gears')).status).toBe(404)
  })

  test('OpenAPI follows the definitions that come and go', async () => {
    const before = (await api.call('GET', '/openapi/v3')).body.paths
    expect(before['apis/apps/v1'].serverRelativeURL).toMatch(
      /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]+$/,
    )
    const names = { plural: 'cogs', kind: 'Cog' }
    const schema = { openAPIV3Schema: { type: 'object', description: 'Turns.' } }
    const spec = {
      group: 'more.example',
      scope: 'Namespaced',
      names,
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    }
    await api.call('POST', CRDS, { body: { metadata: { name: 'cogs.more.example' }, spec } })
    const document = await api.call('GET', '/openapi/v3/apis/more.example/v1')
    expect(document.body.components.schemas['example.more.v1.Cog'].description).toBe('Turns.')
    expect((await api.call('GET', '/openapi/v2')).body.definitions['example.more.v1.Cog']).toBeDefined()
    expect((await api.call('GET', '/openapi/v3')).body.paths['apis/apps/v1']).toEqual(before['apis/apps/v1'])
  })
})
