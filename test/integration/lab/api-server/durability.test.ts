import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority, issueCertificate } from '../../../../src/pki/certificates.ts'
import { eventually } from '../../../support/eventually.ts'
import { type Credentials, open } from '../../../support/raw-api.ts'

const ENTRY = join(import.meta.dirname, '../../../../src/bin/lab-api-server.ts')
const TIMEOUT = 60_000
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

describe('the process of the API server', () => {
  let folder: string
  let ca: string
  let admin: Credentials
  let child: ChildProcess | undefined

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-durable-'))
    const authority = await createAuthority({ commonName: 'durable', days: 1 })
    const serving = await issueCertificate(authority, {
      commonName: 's',
      dnsNames: ['localhost'],
      usages: ['server'],
      days: 1,
    })
    const client = await issueCertificate(authority, {
      commonName: 'a',
      organization: 'system:masters',
      usages: ['client'],
      days: 1,
    })
    ca = authority.certPem
    admin = { cert: client.certPem, key: client.keyPem }
    await writeFile(join(folder, 'ca.crt'), ca)
    await writeFile(join(folder, 'tls.crt'), serving.certPem)
    await writeFile(join(folder, 'tls.key'), serving.keyPem)
  })

  afterEach(async () => {
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  afterAll(() => rm(folder, { recursive: true }))

  const file = (name: string) => join(folder, name)

  const start = async () => {
    const args = [
      '--state',
      file('state'),
      '--socket',
      file('api.sock'),
      '--cert',
      file('tls.crt'),
      '--key',
      file('tls.key'),
      '--client-ca',
      file('ca.crt'),
    ]
    child = spawn(process.execPath, ['--no-warnings', ENTRY, ...args], {
      stdio: 'ignore',
    })
    await eventually(async () => (await call('GET', '/readyz')).status === 200, { within: 30_000 })
  }

  const end = async (signal: NodeJS.Signals) => {
    const exited = once(child as ChildProcess, 'exit')
    child?.kill(signal)
    return exited
  }

  const request = (method: string, path: string, body?: unknown): Promise<IncomingMessage> =>
    open(
      { socketPath: file('api.sock'), servername: 'localhost', ca, method, path },
      admin,
      body === undefined ? {} : { body },
    )

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await request(method, path, body)
    const text = (await response.setEncoding('utf8').toArray()).join('')
    return { status: response.statusCode, body: text.startsWith('{') ? JSON.parse(text) : text }
  }

  test(
    'keeps every acknowledged write over a kill, with its uid and resourceVersion',
    async () => {
      await start()
      const before = []
      for (let index = 0; index < 50; index += 1) {
        before.push(
          (
            await call('POST', CONFIG_MAPS, {
              metadata: { name: `kept-${index}` },
              data: { n: String(index) },
            })
          ).body,
        )
      }
      await call('DELETE', `${CONFIG_MAPS}/kept-0`)
      await end('SIGKILL')
      await start()
      const after = (await call('GET', CONFIG_MAPS)).body.items
      for (const object of before.slice(1)) expect(after).toContainEqual(object)
      expect(after.map((object: { metadata: { name: string } }) => object.metadata.name)).not.toContain(
        'kept-0',
      )
    },
    TIMEOUT,
  )

  test(
    'lets a watch go on from before the kill',
    async () => {
      await start()
      const { body } = await call('GET', CONFIG_MAPS)
      await call('POST', CONFIG_MAPS, { metadata: { name: 'while-away' } })
      await end('SIGKILL')
      await start()
      const response = await request(
        'GET',
        `${CONFIG_MAPS}?watch=1&resourceVersion=${body.metadata.resourceVersion}`,
      )
      const lines = createInterface({ input: response })[Symbol.asyncIterator]()
      const { value } = await lines.next()
      response.destroy()
      expect(JSON.parse(value ?? '')).toMatchObject({
        type: 'ADDED',
        object: { metadata: { name: 'while-away' } },
      })
    },
    TIMEOUT,
  )

  test(
    'keeps the key of service-account tokens, and the addresses of Services',
    async () => {
      await start()
      await eventually(
        async () => (await call('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200,
      )
      const issued = await call('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
        spec: {},
      })
      const service = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }
      const { clusterIP } = (await call('POST', '/api/v1/namespaces/default/services', service)).body.spec
      await end('SIGKILL')
      await start()
      const review = await call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
        spec: { token: issued.body.status.token },
      })
      expect(review.body.status.authenticated).toBe(true)
      const second = await call('POST', '/api/v1/namespaces/default/services', {
        ...service,
        metadata: { name: 'two' },
      })
      expect(second.body.spec.clusterIP).not.toBe(clusterIP)
    },
    TIMEOUT,
  )

  test(
    'writes nothing when it starts again with nothing to change',
    async () => {
      await start()
      const settled = await eventually(async () => {
        const first = (await call('GET', CONFIG_MAPS)).body.metadata.resourceVersion
        return (await call('GET', '/api/v1/namespaces')).body.metadata.resourceVersion === first && first
      })
      await end('SIGKILL')
      await start()
      expect((await call('GET', CONFIG_MAPS)).body.metadata.resourceVersion).toBe(settled)
    },
    TIMEOUT,
  )

  test(
    'ends cleanly on SIGTERM, with watches open',
    async () => {
      await start()
      const response = await request('GET', `${CONFIG_MAPS}?watch=1`)
      response.resume()
      response.on('error', () => {})
      const [code] = await end('SIGTERM')
      expect(code).toBe(0)
    },
    TIMEOUT,
  )
})
