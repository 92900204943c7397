import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadKubeContext } from '../../../src/kube/credentials.ts'

const directory = mkdtempSync(join(tmpdir(), 'fairlead-kubeconfig-'))
const file = join(directory, 'config')

const config = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'east',
  clusters: [
    {
      name: 'east',
      cluster: {
        server: 'https://east:6443/',
        'certificate-authority': 'ca.crt',
        'tls-server-name': 'kubernetes',
      },
    },
    { name: 'west', cluster: { server: 'https://west:6443', 'insecure-skip-tls-verify': true } },
  ],
  users: [
    { name: 'token', user: { token: 'secret' } },
    { name: 'basic', user: { username: 'ann', password: 'pw' } },
    {
      name: 'exec',
      user: {
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', execScript()] },
      },
    },
  ],
  contexts: [
    { name: 'east', context: { cluster: 'east', user: 'token', namespace: 'shop' } },
    { name: 'west', context: { cluster: 'west', user: 'basic' } },
    { name: 'plugin', context: { cluster: 'west', user: 'exec' } },
  ],
}

function execScript(): string {
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'from-plugin' },
  }
  return `echo '${JSON.stringify(credential)}'`
}

beforeAll(() => {
  writeFileSync(file, JSON.stringify(config))
  writeFileSync(join(directory, 'ca.crt'), 'CA BYTES')
})

afterAll(() => rmSync(directory, { recursive: true }))

test('the current context is taken, with files relative to the kubeconfig', async () => {
  const context = await loadKubeContext({ kubeconfig: file })
  expect(context).toMatchObject({ contextName: 'east', namespace: 'shop', server: 'https://east:6443' })
  const { tls, headers } = await context.load()
  expect(tls).toMatchObject({ ca: Buffer.from('CA BYTES'), servername: 'kubernetes' })
  expect(headers).toEqual({ Authorization: 'Bearer secret' })
})

test('another context brings its own user, password and TLS settings', async () => {
  const context = await loadKubeContext({ kubeconfig: file, context: 'west' })
  expect(context).toMatchObject({ contextName: 'west', namespace: 'default', server: 'https://west:6443' })
  const { tls, headers } = await context.load()
  expect(tls.rejectUnauthorized).toBe(false)
  expect(headers).toEqual({ Authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}` })
})

test('credential plugins are run', async () => {
  const context = await loadKubeContext({ kubeconfig: file, context: 'plugin' })
  expect((await context.load()).headers).toEqual({ Authorization: 'Bearer from-plugin' })
})

test('an unknown context names those that exist, a missing file is said to be missing', async () => {
  await expect(loadKubeContext({ kubeconfig: file, context: 'north' })).rejects.toThrow(
    'no context north in the kubeconfig; it has east, west, plugin',
  )
  await expect(loadKubeContext({ kubeconfig: join(directory, 'none') })).rejects.toMatchObject({
    code: 'kubeconfig',
  })
})
