import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type RawApi, startRawApi } from '../../../support/raw-api.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

describe('a watch', () => {
  let api: RawApi

  beforeAll(async () => {
    api = await startRawApi({ bookmarkInterval: 50, eventWindow: 8 })
  })

  afterAll(() => api.stop())

  const create = (name: string, labels: Record<string, string> = {}) =>
    api.call('POST', CONFIG_MAPS, { body: { metadata: { name, labels } } })
  const label = (name: string, labels: Record<string, string | null>) =>
    api.call('PATCH', `${CONFIG_MAPS}/${name}`, {
      type: 'application/merge-patch+json',
      body: { metadata: { labels } },
    })
  const revision = async () => (await api.call('GET', CONFIG_MAPS)).body.metadata.resourceVersion as string

  test('shows creation, change and deletion with growing resourceVersions', async () => {
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${await revision()}`)
    await create('seen')
    await label('seen', { a: 'b' })
    await api.call('DELETE', `${CONFIG_MAPS}/seen`)
    const events = [await watch.next(), await watch.next(), await watch.next()]
    watch.close()
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion))
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
    expect(new Set(versions).size).toBe(3)
  })

  test('resumes from a resourceVersion without losing or repeating a change', async () => {
    const since = await revision()
    await create('missed-1')
    await create('missed-2')
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${since}`)
    await create('live')
    const names = [await watch.next(), await watch.next(), await watch.next()].map(
      ({ object }) => object.metadata.name,
    )
    watch.close()
    expect(names).toEqual(['missed-1', 'missed-2', 'live'])
  })

  test('without a resourceVersion begins with what is there', async () => {
    await create('present')
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=present`)
    const event = await watch.next()
    watch.close()
    expect([event.type, event.object.metadata.name]).toEqual(['ADDED', 'present'])
  })

  test('gets 410 as an event when its changes are forgotten', async () => {
    const since = await revision()
    for (let index = 0; index < 20; index += 1) await create(`flood-${index}`)
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${since}`)
    expect(await watch.next()).toMatchObject({
      type: 'ERROR',
      object: {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: expect.stringMatching(/^too old resource version/),
      },
    })
    expect(await watch.next()).toBeUndefined()
  })

  test('gets 410 for a resourceVersion of the future', async () => {
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=999999999999`)
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } })
  })

  test('sees objects enter and leave its selection as ADDED and DELETED', async () => {
    await create('mover')
    const watch = await api.watch(
      `${CONFIG_MAPS}?watch=1&labelSelector=in=yes&resourceVersion=${await revision()}`,
    )
    await label('mover', { in: 'yes' })
    await label('mover', { in: 'yes', more: 'x' })
    await label('mover', { in: null })
    const events = [await watch.next(), await watch.next(), await watch.next()]
    watch.close()
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED'])
    expect(events[2].object.metadata.labels).toEqual({ in: 'yes', more: 'x' })
  })

  test('gets bookmarks when it allows them', async () => {
    const watch = await api.watch(
      `${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=${await revision()}`,
    )
    const event = await watch.next()
    watch.close()
    expect(event).toMatchObject({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1' } })
    expect(Number(event.object.metadata.resourceVersion)).toBeGreaterThan(0)
  })

  test('may ask for the initial events and their end', async () => {
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
    const watch = await api.watch(`${CONFIG_MAPS}?${query}&fieldSelector=metadata.name=present`)
    expect((await watch.next()).type).toBe('ADDED')
    expect((await watch.next()).object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    watch.close()
  })

  test('that asks for initial events without saying how is refused', async () => {
    const { status, body } = await api.call('GET', `${CONFIG_MAPS}?watch=1&sendInitialEvents=true`)
    expect([status, body.reason]).toEqual([422, 'Invalid'])
  })

  test('ends after timeoutSeconds', async () => {
    const watch = await api.watch(
      `${CONFIG_MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${await revision()}`,
    )
    expect(await watch.next()).toBeUndefined()
  })

  test('gives rows when it asks for tables, columns only in the first', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
    const watch = await api.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${await revision()}`, { accept })
    await create('row-1')
    await create('row-2')
    const first = await watch.next()
    const second = await watch.next()
    watch.close()
    expect(first.object.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Data',
      'Age',
    ])
    expect(second.object.columnDefinitions).toEqual([])
    expect(second.object.rows[0].cells[0]).toBe('row-2')
    expect(second.object.rows[0].object.kind).toBe('PartialObjectMetadata')
  })

  test('of one namespace does not see another', async () => {
    const watch = await api.watch(
      `/api/v1/namespaces/kube-public/configmaps?watch=1&resourceVersion=${await revision()}`,
    )
    await create('elsewhere')
    await api.call('POST', '/api/v1/namespaces/kube-public/configmaps', {
      body: { metadata: { name: 'here' } },
    })
    expect((await watch.next()).object.metadata.name).toBe('here')
    watch.close()
  })
})
