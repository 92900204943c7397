/** A root on disk: made once, found again, never half. */
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, stat, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { issueLeaf, loadOrCreateRoot, ROOT_FILES } from '../../../src/pki/clusterset-root.ts'
import { certificateIdentity } from '../../../src/pki/identity.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fairlead-root-'))
})

afterEach(() => rm(dir, { recursive: true }))

const load = (clusterset = 'home') => loadOrCreateRoot({ dir: join(dir, 'pki'), clusterset, days: 1 })

test('a root is made once and found again', async () => {
  const first = await load()
  expect(await load()).toEqual(first)
  expect(new X509Certificate(first.certPem).ca).toBe(true)
})

test('only the owner may read the key', async () => {
  await load()
  const { mode } = await stat(join(dir, 'pki', ROOT_FILES.key))
  expect(mode & 0o777).toBe(0o600)
})

test('half a root is an error and stays as it is', async () => {
  await load()
  await unlink(join(dir, 'pki', ROOT_FILES.certificate))
  await expect(load()).rejects.toThrow('only one of')
})

test('a leaf carries the identity it was asked for', async () => {
  const identity = { clusterset: 'home', cluster: 'east', role: 'controller' } as const
  const { certPem } = await issueLeaf(await load(), {
    ...identity,
    dnsNames: ['fairlead-router.fairlead-system.svc'],
  })
  expect(certificateIdentity(certPem)).toEqual(identity)
})

test('bad names are refused before anything is signed', async () => {
  await expect(load('Not a name')).rejects.toThrow('clusterset name')
  const root = await load()
  const leaf = { clusterset: 'home', cluster: 'no_label', role: 'router', dnsNames: [] } as const
  expect(() => issueLeaf(root, leaf)).toThrow('cluster id')
})
