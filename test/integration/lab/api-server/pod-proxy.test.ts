import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type RawApi, startRawApi } from '../../../support/raw-api.ts'

const PODS = '/api/v1/namespaces/default/pods'

describe('requests to a port of a pod', () => {
  let api: RawApi
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/teapot' ? 418 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ method: request.method, url: request.url, accept: request.headers.accept }))
  })
  let port: number

  beforeAll(async () => {
    api = await startRawApi()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
    // Its name begins as the subresource does.
    for (const name of ['proxy-a', 'placeless']) {
      const spec = { containers: [{ name: 'main', image: 'any' }] }
      const { status } = await api.call('POST', PODS, { body: { metadata: { name }, spec } })
      expect(status).toBe(201)
    }
    const { body } = await api.call('GET', `${PODS}/proxy-a`)
    const placed = { ...body, status: { ...body.status, podIP: '127.0.0.1' } }
    expect((await api.call('PUT', `${PODS}/proxy-a/status`, { body: placed })).status).toBe(200)
  })

  afterAll(async () => {
    await api.stop()
    server.close()
  })

  const get = (path: string) => api.call('GET', `${PODS}/${path}`)

  test('are handed on with their path and query, and so is the answer', async () => {
    expect((await get(`proxy-a:${port}/proxy/x/y?q=1`)).body).toEqual({ method: 'GET', url: '/x/y?q=1' })
    expect((await get(`proxy-a:${port}/proxy?q=1`)).body).toEqual({ method: 'GET', url: '/?q=1' })
    const asked = await api.call('GET', `${PODS}/proxy-a:${port}/proxy/`, { accept: 'text/plain' })
    expect(asked.body.accept).toBe('text/plain')
    const { status, body } = await get(`proxy-a:${port}/proxy/teapot`)
    expect([status, body.url]).toEqual([418, '/teapot'])
  })

  test('are refused where there is no pod, no address or nobody who answers', async () => {
    expect((await get('nobody:80/proxy/')).status).toBe(404)
    expect((await get('placeless:80/proxy/')).status).toBe(400)
    expect((await get('proxy-a:65536/proxy/')).status).toBe(400)
    expect((await get('proxy-a:1/proxy/')).body).toMatchObject({
      kind: 'Status',
      reason: 'ServiceUnavailable',
    })
  })

  test('need the right to get pods/proxy', async () => {
    const as = await api.user('alice')
    const { status, body } = await api.call('GET', `${PODS}/proxy-a:${port}/proxy/`, { as })
    expect([status, body.message]).toEqual([403, expect.stringContaining('cannot get resource "pods/proxy"')])
  })
})
