/** The directions of DESIGN section 4: who may import whom, no cycles, each library in its one folder. */
import { expect, test } from '@jest/globals'
import { resolveImport, type SourceFile, sourceFiles } from '../../support/source-tree.ts'

/** Folder under src -> the folders it may import. Itself is always allowed. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  api: ['core'],
  amqp: ['core'],
  pki: ['core'],
  link: ['core', 'api', 'amqp', 'pki'],
  kube: ['core', 'api'],
  router: ['core', 'api', 'amqp', 'pki', 'link'],
  exporter: ['core', 'api', 'kube', 'pki', 'link'],
  dns: ['core', 'api', 'kube'],
  globalnet: ['core', 'api', 'kube'],
  trust: ['core', 'api', 'kube', 'pki', 'link'],
  lab: ['core', 'api', 'kube', 'pki', 'dns', 'exporter', 'globalnet'],
  console: ['core', 'api', 'kube', 'exporter', 'dns', 'globalnet'],
  cli: ['core', 'api', 'kube', 'pki', 'exporter', 'dns', 'globalnet', 'trust', 'lab', 'console'],
  bin: [
    'core',
    'api',
    'amqp',
    'kube',
    'pki',
    'link',
    'router',
    'exporter',
    'dns',
    'globalnet',
    'trust',
    'lab',
    'console',
    'cli',
  ],
}

/** Library -> the only folders that may import it. */
const LIBRARY_HOME: Readonly<Record<string, readonly string[]>> = {
  '@kubernetes/client-node': ['kube'],
  undici: ['kube'],
  '@peculiar/x509': ['pki'],
  'reflect-metadata': ['pki'],
  rhea: ['link'],
  ws: ['link', 'console'],
  dns2: ['dns'],
  pino: ['core'],
  'prom-client': ['core'],
  ajv: ['core'],
  commander: ['cli'],
  yaml: ['cli', 'lab'],
}

const files = sourceFiles('src')
const folderOf = (path: string) => path.split('/')[1] ?? ''
const isRelative = (specifier: string) => specifier.startsWith('.')
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test('a folder imports only the folders below it', () => {
  const wrong = files.flatMap((file) =>
    file.imports
      .filter(isRelative)
      .map((specifier) => resolveImport(file.path, specifier))
      .filter((target) => target.startsWith('src/') && !mayImport(folderOf(file.path), folderOf(target)))
      .map((target) => `${file.path} -> ${target}`),
  )
  expect(wrong).toEqual([])
})

test('only src/bin is outside of every import', () => {
  const imported = files.filter((file) => folderOf(file.path) !== 'bin').flatMap((file) => targetsOf(file))
  expect(imported.filter((target) => folderOf(target) === 'bin')).toEqual([])
})

test('a library is imported only in its one folder', () => {
  const wrong = files.flatMap((file) =>
    file.imports
      .filter((specifier) => !isRelative(specifier) && !specifier.startsWith('node:'))
      .filter((specifier) => !(LIBRARY_HOME[packageOf(specifier)] ?? []).includes(folderOf(file.path)))
      .map((specifier) => `${file.path} -> ${specifier}`),
  )
  expect(wrong).toEqual([])
})

test('relative imports name the file with its ending', () => {
  const wrong = files.flatMap((file) =>
    file.imports
      .filter((name) => isRelative(name) && !/\.(ts|tsx|json)$/.test(name))
      .map((name) => `${file.path} -> ${name}`),
  )
  expect(wrong).toEqual([])
})

test('no file imports itself by a detour', () => {
  const graph = new Map(files.map((file) => [file.path, targetsOf(file)]))
  expect(findCycle(graph)).toEqual([])
})

function mayImport(from: string, to: string): boolean {
  return from === to || (ALLOWED[from] ?? []).includes(to)
}

function targetsOf(file: SourceFile): string[] {
  return file.imports.filter(isRelative).map((specifier) => resolveImport(file.path, specifier))
}

/** The first cycle found by depth-first search, as a list of paths; empty when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): string[] => {
    const at = trail.indexOf(path)
    if (at !== -1) return [...trail.slice(at), path]
    if (done.has(path)) return []
    done.add(path)
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path])
      if (cycle.length > 0) return cycle
    }
    return []
  }
  for (const path of graph.keys()) {
    const cycle = visit(path, [])
    if (cycle.length > 0) return cycle
  }
  return []
}
