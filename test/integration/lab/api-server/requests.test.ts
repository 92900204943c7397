import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { open, type RawApi, startRawApi } from '../../../support/raw-api.ts'

const PODS = '/api/v1/namespaces/default/pods'
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

describe('a request', () => {
  let api: RawApi
  let folder: string
  let kubelet: Server
  const asked: string[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-requests-'))
    kubelet = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.write('first line\n')
      response.end('second line\n')
    })
    await new Promise<void>((resolve) => kubelet.listen(join(folder, 'kubelet.sock'), resolve))
    api = await startRawApi({
      kubelets: new Map([['node', join(folder, 'kubelet.sock')]]),
      sockets: [join(folder, 'api.sock')],
    })
  })

  afterAll(async () => {
    await api.stop()
    kubelet.close()
    await rm(folder, { recursive: true })
  })

  const pod = (name: string, spec: object = {}) => ({
    metadata: { name },
    spec: { containers: [{ name: 'main', image: 'any' }], ...spec },
  })

  test('over a unix socket is answered as over TCP', async () => {
    const options = {
      socketPath: join(folder, 'api.sock'),
      ca: api.authority.certPem,
      servername: 'localhost',
      path: '/version',
    }
    const response = await open(options, api.admin, {})
    expect(response.statusCode).toBe(200)
    response.resume()
  })

  test('for what is not there gets the Status that Kubernetes gives', async () => {
    expect((await api.call('GET', `${PODS}/none`)).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'pods "none" not found',
      reason: 'NotFound',
      details: { name: 'none', kind: 'pods' },
      code: 404,
    })
    const path = await api.call('GET', '/apis/none.example/v1/things')
    expect([path.status, path.body.message]).toEqual([
      404,
      'the server could not find the requested resource',
    ])
  })

  test('with a method the resource lacks is refused', async () => {
    const { status, body } = await api.call('POST', `${CONFIG_MAPS}/x`, { body: {} })
    expect([status, body.reason]).toEqual([405, 'MethodNotAllowed'])
  })

  test('with a body of an unknown type is refused with the types that are taken', async () => {
    const { status, body } = await api.call('POST', CONFIG_MAPS, { body: 'x', type: 'text/plain' })
    expect([status, body.reason]).toEqual([415, 'UnsupportedMediaType'])
    expect(body.message).toContain('application/json')
  })

  test('with a body of another kind or version is refused', async () => {
    const version = await api.call('POST', CONFIG_MAPS, {
      body: { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } },
    })
    expect(version.body.message).toBe(
      'the API version in the data (v2) does not match the expected API version (v1)',
    )
    const kind = await api.call('POST', CONFIG_MAPS, {
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } },
    })
    expect(kind.status).toBe(400)
    const broken = await api.call('POST', CONFIG_MAPS, { body: '{"metadata":' })
    expect([broken.status, broken.body.reason]).toEqual([400, 'BadRequest'])
  })

  test('that is too large is refused', async () => {
    const { status, body } = await api.call('POST', CONFIG_MAPS, {
      body: { metadata: { name: 'x' }, data: { a: 'x'.repeat(3_200_000) } },
    })
    expect([status, body.reason]).toEqual([413, 'RequestEntityTooLarge'])
  })

  test('with a duplicate or unknown field is answered as fieldValidation asks', async () => {
    const body = '{"metadata":{"name":"strict"},"data":{"a":"1","a":"2"},"odd":true}'
    const strict = await api.call('POST', `${CONFIG_MAPS}?fieldValidation=Strict`, { body })
    expect(strict.body.message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "odd", duplicate field "data.a"',
    )
    const warned = await api.call('POST', `${CONFIG_MAPS}?fieldValidation=Warn`, { body })
    expect(warned.headers['warning']).toBe(
      '299 - "unknown field \\"odd\\"", 299 - "duplicate field \\"data.a\\""',
    )
    const ignored = await api.call('POST', `${CONFIG_MAPS}?fieldValidation=Ignore`, {
      body: body.replace('strict', 'other'),
    })
    expect([ignored.status, ignored.headers['warning']]).toEqual([201, undefined])
  })

  test('that accepts only protobuf is answered in JSON', async () => {
    const { status, headers } = await api.call('GET', PODS, { accept: 'application/vnd.kubernetes.protobuf' })
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
  })

  test('for the pages of a list sees one revision in all of them', async () => {
    const names = ['page-a', 'page-b', 'page-c', 'page-d']
    for (const name of names)
      await api.call('POST', CONFIG_MAPS, { body: { metadata: { name, labels: { paged: 'x' } } } })
    const first = await api.call('GET', `${CONFIG_MAPS}?labelSelector=paged&limit=2`)
    await api.call('DELETE', `${CONFIG_MAPS}/page-d`)
    await api.call('POST', CONFIG_MAPS, { body: { metadata: { name: 'page-e', labels: { paged: 'x' } } } })
    const token = first.body.metadata.continue
    const second = await api.call('GET', `${CONFIG_MAPS}?labelSelector=paged&limit=2&continue=${token}`)
    const found = [...first.body.items, ...second.body.items].map(({ metadata }) => metadata.name)
    expect(found).toEqual(names)
    expect(second.body.metadata).toMatchObject({ resourceVersion: first.body.metadata.resourceVersion })
  })

  test('for a pod log is handed to the kubelet with its options', async () => {
    await api.call('POST', PODS, { body: pod('talker', { nodeName: 'node' }) })
    const { status, body } = await api.call('GET', `${PODS}/talker/log?tailLines=5&follow=true`)
    expect([status, body]).toEqual([200, 'first line\nsecond line\n'])
    expect(asked.at(-1)).toBe('/containerLogs/default/talker/main?follow=true&tailLines=5')
    const wrong = await api.call('GET', `${PODS}/talker/log?container=other`)
    expect(wrong.body.message).toBe('container other is not valid for pod talker')
  })

  test('to delete a pod on a node waits for its grace, unless that is none', async () => {
    await api.call('POST', PODS, {
      body: pod('slow', { nodeName: 'node', terminationGracePeriodSeconds: 7 }),
    })
    const marked = await api.call('DELETE', `${PODS}/slow`)
    expect(marked.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 7 })
    expect((await api.call('GET', `${PODS}/slow`)).status).toBe(200)
    await api.call('DELETE', `${PODS}/slow?gracePeriodSeconds=0`)
    expect((await api.call('GET', `${PODS}/slow`)).status).toBe(404)
  })

  test('to delete with preconditions that do not hold is a conflict', async () => {
    await api.call('POST', CONFIG_MAPS, { body: { metadata: { name: 'exact' } } })
    const { status, body } = await api.call('DELETE', `${CONFIG_MAPS}/exact`, {
      body: { preconditions: { uid: 'other' } },
    })
    expect([status, body.reason]).toEqual([409, 'Conflict'])
    expect(body.message).toContain('Precondition failed: UID in precondition: other')
  })

  test('to evict a pod respects its disruption budget', async () => {
    await api.call('POST', PODS, {
      body: { ...pod('guarded'), metadata: { name: 'guarded', labels: { app: 'guarded' } } },
    })
    const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets'
    const budget = {
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    }
    const made = await api.call('POST', budgets, { body: budget })
    await api.call('PUT', `${budgets}/b/status`, {
      body: { ...made.body, status: { disruptionsAllowed: 0 } },
    })
    const evict = () =>
      api.call('POST', `${PODS}/guarded/eviction`, { body: { metadata: { name: 'guarded' } } })
    expect((await evict()).status).toBe(429)
    await api.call('DELETE', `${budgets}/b`)
    expect((await evict()).status).toBe(201)
    expect((await api.call('GET', `${PODS}/guarded`)).status).toBe(404)
  })

  test('for metrics gets them in the text form', async () => {
    expect((await api.call('GET', '/metrics')).body).toContain('apiserver_request_total{')
  })

  test('in the protobuf of a Go client is understood', async () => {
    const body = readFileSync(join(import.meta.dirname, '../../../support/fixtures/namespace.pb'))
    const made = await api.call('POST', '/api/v1/namespaces', {
      body,
      type: 'application/vnd.kubernetes.protobuf',
    })
    expect([made.status, made.body.metadata.name]).toEqual([201, 'from-protobuf'])
    const broken = await api.call('POST', '/api/v1/namespaces', {
      body: 'k8s\0x',
      type: 'application/vnd.kubernetes.protobuf',
    })
    expect(broken.status).toBe(400)
  })
})
