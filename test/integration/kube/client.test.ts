/** The client against a server that misbehaves as told, over real sockets. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { Resource } from '../../../src/api/resources.ts'
import { createKubeClient } from '../../../src/kube/client.ts'
import type { WatchingKubeClient } from '../../../src/kube/types.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

const running: { server: Server; client: WatchingKubeClient }[] = []

afterEach(async () => {
  for (const { server, client } of running.splice(0)) {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function clientOf(handler: Handler) {
  const requests: string[] = []
  let connections = 0
  let token = 1
  const server = createServer(async (request, response) => {
    requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`)
    let body = ''
    for await (const chunk of request) body += chunk
    handler(request, response, body)
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = createKubeClient({
    server: `http://127.0.0.1:${port}`,
    load: async () => ({ tls: {}, headers: { authorization: `Bearer token-${token++}` } }),
  })
  running.push({ server, client })
  return { client, requests, connections: () => connections }
}

function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

function status(code: number, reason: string, message = reason) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}

test('many requests share a few connections', async () => {
  const { client, connections } = await clientOf((_, response) =>
    reply(response, 200, { metadata: { name: 'a' } }),
  )
  for (let n = 0; n < 5; n++) {
    await Promise.all(Array.from({ length: 20 }, () => client.get(Resource.namespace, { name: 'a' })))
  }
  expect(connections()).toBeLessThanOrEqual(8)
})

test('a list follows continue tokens, and starts over when one has expired', async () => {
  let expired = false
  const { client, requests } = await clientOf((request, response) => {
    const next = new URL(request.url ?? '', 'http://x').searchParams.get('continue')
    if (next === null)
      return reply(response, 200, { metadata: { continue: 'p2' }, items: [{ metadata: { name: 'a' } }] })
    if (!expired) {
      expired = true
      return reply(response, 410, status(410, 'Expired'))
    }
    reply(response, 200, { metadata: { resourceVersion: '7' }, items: [{ metadata: { name: 'b' } }] })
  })
  const list = await client.list(Resource.service, { namespace: 'shop', labelSelector: 'app in (x,y)' })
  expect(list.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'Service a',
    'Service b',
  ])
  expect(list.resourceVersion).toBe('7')
  expect(requests).toHaveLength(4)
  expect(requests[1]).toBe(
    'GET /api/v1/namespaces/shop/services?labelSelector=app+in+(x,y)&limit=500&continue=p2',
  )
})

test('429 and 503 with Retry-After are tried again, with the same body', async () => {
  const bodies: string[] = []
  const answers = [429, 503, 201]
  const { client } = await clientOf((_, response, body) => {
    bodies.push(body)
    const code = answers.shift() ?? 500
    reply(response, code, code === 201 ? { metadata: { name: 'a' } } : status(code, 'TooManyRequests'), {
      'retry-after': '0',
    })
  })
  await client.create(Resource.configMap, { metadata: { name: 'a', namespace: 'ns' } })
  expect(bodies).toHaveLength(3)
  expect(new Set(bodies).size).toBe(1)
})

test('a server that keeps saying 503 is given up after four tries', async () => {
  const { client, requests } = await clientOf((_, response) =>
    reply(response, 503, status(503, 'ServiceUnavailable'), { 'retry-after': '0' }),
  )
  const failing = client.raw('/version')
  await expect(failing).rejects.toMatchObject({ status: 503, code: 'ServiceUnavailable', retryable: true })
  expect(requests).toHaveLength(4)
})

test('a missing object is undefined, a missing API is an error', async () => {
  const { client } = await clientOf((request, response) => {
    if (request.url?.includes('/services/'))
      return reply(response, 404, { ...status(404, 'NotFound'), details: { name: 'b', kind: 'services' } })
    response.writeHead(404, { 'content-type': 'text/plain' })
    response.end('404 page not found')
  })
  expect(await client.get(Resource.service, { namespace: 'a', name: 'b' })).toBeUndefined()
  expect(await client.delete(Resource.service, { namespace: 'a', name: 'b' })).toBe(false)
  await expect(client.get(Resource.link, { namespace: 'a', name: 'b' })).rejects.toMatchObject({
    code: 'UnknownApi',
    retryable: false,
    message: 'GET /apis/fairlead.dev/v1alpha1/namespaces/a/links/b: 404 page not found',
  })
})

test('apply sends JSON as an apply patch with the manager, patches have their own types', async () => {
  const types: (string | undefined)[] = []
  const { client, requests } = await clientOf((request, response) => {
    types.push(request.headers['content-type'])
    reply(response, 200, { metadata: { name: 'a' } })
  })
  const object = { metadata: { name: 'a', namespace: 'ns' } }
  await client.apply(Resource.serviceImport, object, { fieldManager: 'fairlead-x', subresource: 'status' })
  await client.patch(Resource.service, { namespace: 'ns', name: 'a' }, 'strategic', { spec: {} })
  expect(requests[0]).toBe(
    'PATCH /apis/multicluster.x-k8s.io/v1beta1/namespaces/ns/serviceimports/a/status?fieldManager=fairlead-x&force=true',
  )
  expect(types).toEqual(['application/apply-patch+yaml', 'application/strategic-merge-patch+json'])
})

test('a connection that dies under a read is tried once more, under a create it is reported', async () => {
  let deaths = 0
  const { client, requests } = await clientOf((request, response) => {
    if (request.method === 'POST' || deaths++ === 0) return void request.socket.destroy()
    reply(response, 200, { metadata: { name: 'a' } })
  })
  expect(await client.get(Resource.namespace, { name: 'a' })).toMatchObject({ metadata: { name: 'a' } })
  const creating = client.create(Resource.namespace, { metadata: { name: 'a' } })
  await expect(creating).rejects.toMatchObject({ code: 'unreachable', retryable: true })
  expect(requests).toHaveLength(3)
})

test('after 401 the credentials are read again', async () => {
  const tokens: (string | undefined)[] = []
  const { client } = await clientOf((request, response) => {
    tokens.push(request.headers.authorization)
    if (tokens.length === 2) return reply(response, 401, status(401, 'Unauthorized'))
    reply(response, 200, {})
  })
  await client.raw('/version')
  await expect(client.raw('/version')).rejects.toMatchObject({ status: 401 })
  await client.raw('/version')
  expect(tokens).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2'])
})

test('aborting a request ends it with the reason given', async () => {
  const { client } = await clientOf(() => {})
  const abort = new AbortController()
  const asking = client.raw('/version', abort.signal)
  abort.abort(new Error('no longer needed'))
  await expect(asking).rejects.toThrow('no longer needed')
})
