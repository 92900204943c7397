/** Makes the folders a container's root is built from, and knows what every container sees besides its volumes. */
import { mkdir, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { run } from '../command.ts'
import { packageRoot } from '../entry.ts'
import { CommandError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'
import type { Bind, ContainerRoot, RootEntry } from './container-script.ts'
import { makeLink, makeMountPoint, resolvePath } from './mount-points.ts'
import { parseMounts, RootMode, sharedMounts } from './root-plan.ts'

/** Where every container finds this build of fairlead and its Node, readable for every user. */
const INSTALL = '/opt/fairlead'
const NODE = '/opt/fairlead-node/node'

/** The command of this build. The one of node_modules is another build's where that folder is a link. */
const COMMAND = '/opt/fairlead-node/fairlead'

/** Folders that come first on every container's PATH. */
export const INSTALL_PATH = [dirname(NODE), `${INSTALL}/node_modules/.bin`] as const

/** What does not change from container to container. */
export interface RootFacts {
  readonly mode: RootMode
  readonly shared: readonly string[]
  readonly entries: readonly RootEntry[]
}

/** Looks at the machine once. `scratch` is an existing folder in memory. */
export async function readRootFacts(scratch: string): Promise<RootFacts> {
  const mode = (await canOverlayRoot(scratch)) ? RootMode.overlay : RootMode.skeleton
  const shared = sharedMounts(parseMounts(await readFile('/proc/self/mountinfo', 'utf8')))
  return mode === RootMode.overlay
    ? { mode, shared, entries: [] }
    : { mode, shared: [], entries: await rootEntries() }
}

/** Makes the folders for one start of a container. `binds` come with targets as the pod names them. */
export async function prepareRoot(
  facts: RootFacts,
  folder: string,
  binds: readonly Bind[],
  readOnly: boolean,
): Promise<ContainerRoot> {
  const upper = join(folder, 'upper')
  await Promise.all(['root', 'upper', 'work'].map((name) => mkdir(join(folder, name), { recursive: true })))
  const all = [...installBinds(), ...binds]
  const resolved = await Promise.all(
    all.map(async (bind) => ({ ...bind, target: await resolvePath(bind.target) })),
  )
  const layer = facts.mode === RootMode.overlay ? upper : await skeletonLayer(facts, folder)
  for (const bind of resolved) {
    await makeMountPoint(layerOf(facts, layer, folder, bind.target), bind.target, await kindOf(bind.source))
  }
  await makeLink(layerOf(facts, layer, folder, COMMAND), COMMAND, commandFile())
  await mkdir(join(facts.mode === RootMode.overlay ? upper : join(folder, 'root'), '.outside'))
  return { ...facts, folder, binds: resolved.sort(shallowFirst), readOnly }
}

/** The files of this package, with the packages it depends on, and the Node that runs us. */
function installBinds(): Bind[] {
  return [
    { source: installFolder(packageRoot()), target: INSTALL, readOnly: true },
    { source: process.execPath, target: NODE, readOnly: true },
  ]
}

/** Where a container has what `fairlead` runs. */
function commandFile(): string {
  const root = packageRoot()
  return join(INSTALL, relative(installFolder(root), root), 'bin', 'fairlead.mjs')
}

/** The folder that holds the package and those it depends on. */
function installFolder(root: string): string {
  return basename(dirname(root)) === 'node_modules' ? dirname(dirname(root)) : root
}

/** Every folder of `/` gets an upper and a work folder of its own, except those that are made fresh. */
async function skeletonLayer({ entries }: RootFacts, folder: string): Promise<string> {
  const folders = entries.filter(({ link }) => link === undefined)
  for (const { name } of folders) {
    await makeMountPoint(join(folder, 'upper'), `/${name}`, 'folder')
    await mkdir(join(folder, 'work', name))
  }
  for (const name of FRESH) await mkdir(join(folder, 'root', name), { mode: 0o755 })
  return join(folder, 'upper')
}

const FRESH = ['proc', 'sys', 'dev', 'run']

/** In skeleton mode, what is below no folder of `/` lies in the root itself. */
function layerOf({ mode, entries }: RootFacts, upper: string, folder: string, target: string): string {
  if (mode === RootMode.overlay) return upper
  const top = target.split('/')[1] ?? ''
  return entries.some(({ name }) => name === top) ? upper : join(folder, 'root')
}

async function kindOf(source: string): Promise<'file' | 'folder'> {
  return (await stat(source)).isDirectory() ? 'folder' : 'file'
}

/** A mount must not hide the mount point of another. */
function shallowFirst(a: Bind, b: Bind): number {
  return a.target.split('/').length - b.target.split('/').length
}

async function canOverlayRoot(scratch: string): Promise<boolean> {
  const folder = join(scratch, 'trial')
  for (const name of ['root', 'upper', 'work']) await mkdir(join(folder, name), { recursive: true })
  // As the containers' own, in a mount namespace that leaves nothing to unmount.
  const script = `cd "$1" && mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work "$1/root"`
  try {
    await run(['unshare', '--mount', '--', '/bin/sh', '-c', script, 'trial', folder], { env: systemEnv() })
    return true
  } catch (error) {
    if (error instanceof CommandError) return false
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function rootEntries(): Promise<RootEntry[]> {
  const found = await readdir('/', { withFileTypes: true })
  const wanted = found.filter((entry) => !FRESH.includes(entry.name) && /^[\w.-]+$/.test(entry.name))
  const links = wanted.filter((entry) => entry.isSymbolicLink())
  return [
    ...wanted.filter((entry) => entry.isDirectory()).map(({ name }) => ({ name })),
    ...(await Promise.all(links.map(async ({ name }) => ({ name, link: await readlink(join('/', name)) })))),
  ]
}
