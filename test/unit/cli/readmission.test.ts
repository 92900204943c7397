import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { TrustSecret } from '../../../src/api/trust.ts'
import { type PlanInput, trustPlan } from '../../../src/cli/install/trust-plan.ts'
import { revoke } from '../../../src/cli/trust/revoke.ts'
import type { KubeClient } from '../../../src/kube/types.ts'
import type { KeyPair } from '../../../src/pki/certificates.ts'
import { readCertificates, verifyChain } from '../../../src/pki/chain.ts'
import { createRoot, ROOT_FILES } from '../../../src/pki/clusterset-root.ts'
import { anchorsOf, StatementReader, signStatement } from '../../../src/pki/trust-statement.ts'
import { authorityMaterial, authorityValues } from '../../../src/trust/authority-secret.ts'
import { newSecret, type SecretObject, secretText } from '../../../src/trust/secrets.ts'
import { fairlead } from '../../support/run-cli.ts'

const clusterset = 'shop'
const ref = (name: string) => ({ namespace: 'fairlead-system', name })

let root: KeyPair
let folder: string
let pki: string
let secrets: Map<string, SecretObject>

beforeAll(async () => {
  root = await createRoot({ clusterset, days: 10 })
  folder = await mkdtemp(join(tmpdir(), 'fairlead-readmission-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  pki = await mkdtemp(join(folder, 'pki-'))
  await writeFile(join(pki, ROOT_FILES.certificate), root.certPem)
  await writeFile(join(pki, ROOT_FILES.key), root.keyPem)
  secrets = new Map()
})

/** A cluster that has these Secrets and nothing else. */
const client = {
  get: async (_kind: unknown, { name }: { name: string }) => secrets.get(name),
  update: async (_kind: unknown, secret: SecretObject) => keep(secret),
} as unknown as KubeClient

function keep(secret: SecretObject): SecretObject {
  secrets.set(secret.metadata.name ?? '', secret)
  return secret
}

/** `install --pki` in cluster west, as far as trust goes. */
async function install(changes: Partial<PlanInput> = {}): Promise<SecretObject[]> {
  const wanted = { clusterId: 'west', clusterset }
  const input = { wanted, contextName: 'west', pkiDir: pki, globalnet: false, founds: false, ...changes }
  const { objects } = await trustPlan(client, input)
  return objects.filter(({ kind }) => kind === 'Secret').map((object) => keep(object as SecretObject))
}

/** What the root says in the folder: west was revoked. */
async function revoked(at: number, version = 1): Promise<string> {
  const roots = [root.certPem]
  const said = { clusterset, version, roots, revoked: [{ cluster: 'west', at }] }
  return JSON.stringify(signStatement(said, [root]))
}

const inFolder = async (text: string) => writeFile(join(pki, ROOT_FILES.statement), text)
const authority = () => authorityMaterial(secrets.get(TrustSecret.authority) as SecretObject)
const begins = () => new X509Certificate(authority().certificate).validFromDate.getTime()

describe('install with the root in a folder', () => {
  test('lets nobody in again who was revoked, by what the folder or the cluster knows, unless that is said', async () => {
    await inFolder(await revoked(Date.now()))
    await expect(install()).rejects.toThrow(/cluster west was revoked at .* statement 1: give --readmit/)
    await rm(join(pki, ROOT_FILES.statement))
    await install()
    await inFolder(await revoked(Date.now()))
    await expect(install()).rejects.toThrow('give --readmit')
    await rm(join(pki, ROOT_FILES.statement))
    const told = { ...authority(), statement: await revoked(Date.now()) }
    keep(newSecret(ref(TrustSecret.authority), authorityValues(told)))
    await expect(install()).rejects.toThrow('give --readmit')
  })

  test('makes a cluster a member again at once, by certificates from after the revocation', async () => {
    await install()
    const at = Date.now() - 1000
    const text = await revoked(at)
    await inFolder(text)
    const made = await install({ readmit: true })
    expect(begins()).toBeGreaterThan(at)
    expect(authority().statement).toBe(text)
    const leaf = made.find(({ metadata }) => metadata.name === 'fairlead-router-tls') as SecretObject
    const reader = new StatementReader()
    const anchors = anchorsOf(
      reader.read(reader.decode(text), { clusterset, roots: readCertificates(root.certPem) }),
    )
    const chain = readCertificates(secretText(leaf, 'tls.crt') ?? '')
    expect(verifyChain(chain, anchors, Date.now()).identity.cluster).toBe('west')
  })

  test('asks only once: a cluster that is back stays so, and is renewed as any other', async () => {
    await inFolder(await revoked(Date.now() - 1000))
    await install({ readmit: true })
    expect(await install()).toEqual([])
    await inFolder(await revoked(Date.now() + 60_000, 2))
    await expect(install()).rejects.toThrow('statement 2: give --readmit')
  })

  test('does not believe a cluster that says that it is back', async () => {
    const own = await createRoot({ clusterset, days: 10 })
    const theirs = await mkdtemp(join(folder, 'own-'))
    await writeFile(join(theirs, ROOT_FILES.certificate), own.certPem)
    await writeFile(join(theirs, ROOT_FILES.key), own.keyPem)
    await install({ pkiDir: theirs })
    await inFolder(await revoked(Date.now() - 600_000))
    await expect(install()).rejects.toThrow('give --readmit')
    const both = { ...authority(), roots: own.certPem + root.certPem }
    keep(newSecret(ref(TrustSecret.authority), authorityValues(both)))
    await expect(install()).rejects.toThrow('give --readmit')
  })

  test('does not ask for others', async () => {
    await inFolder(await revoked(Date.now()))
    expect(await install({ wanted: { clusterId: 'east', clusterset } })).not.toEqual([])
    expect(authority().statement).toContain('west')
  })
})

describe('revoke with the root in a folder', () => {
  const member = { client, contextName: 'east', systemNamespace: 'fairlead-system', served: {} }
  const revokeWest = () => revoke(member, { cluster: 'west', pki, at: Date.now() })
  const east = { wanted: { clusterId: 'east', clusterset } }

  test('keeps the statement in the folder, and goes on from the newest that is known', async () => {
    await install(east)
    expect(await revokeWest()).toEqual({ version: 1 })
    expect(await readFile(join(pki, ROOT_FILES.statement), 'utf8')).toBe(authority().statement)
    await inFolder(await revoked(1, 7))
    expect(await revokeWest()).toEqual({ version: 8 })
  })

  test('goes on where the folder cannot be written, and says so', async () => {
    await install(east)
    await mkdir(join(pki, ROOT_FILES.statement, 'in-the-way'), { recursive: true })
    await expect(revokeWest()).rejects.toThrow('cannot be read')
    await rm(join(pki, ROOT_FILES.statement), { recursive: true })
    await chmod(pki, 0o500)
    const { version, unkept } = await revokeWest()
    await chmod(pki, 0o700)
    expect(version).toBe(1)
    // Root may write anywhere.
    if (process.getuid?.() !== 0) expect(unkept).toContain('cannot be written')
  })

  test('does not forget who was revoked because the statement cannot be read', async () => {
    await install(east)
    const broken = { ...authority(), statement: '{}' }
    keep(newSecret(ref(TrustSecret.authority), authorityValues(broken)))
    await expect(revokeWest()).rejects.toThrow('cannot be read')
  })
})

test('the certificate of a site that was revoked begins after that, and is made only where that is said', async () => {
  const at = Date.now() - 1000
  await inFolder(await revoked(at))
  const out = join(pki, 'out')
  const args = ['certificate', '--cluster-id', 'west', '--clusterset', clusterset, '--pki', pki, '--out', out]
  const refused = await fairlead(...args)
  expect({ code: refused.code, stderr: refused.stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining('give --readmit'),
  })
  expect((await fairlead(...args, '--readmit')).code).toBe(0)
  const certificate = new X509Certificate(await readFile(join(out, 'tls.crt')))
  expect(certificate.validFromDate.getTime()).toBeGreaterThan(at)
})
