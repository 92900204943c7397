/**
 * Builds a kustomization as `kubectl kustomize` does, for the words our manifests use: resources (files and folders),
 * bases, patchesStrategicMerge, namespace and images. Any other word is an error, never ignored.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeObject } from '../../api/objects.ts'
import { describeError } from '../../core/errors.ts'
import { parseAllDocuments } from '../yaml.ts'
import { InstallError } from './errors.ts'
import { inNamespace } from './in-namespace.ts'
import { KUSTOMIZE_MAX_DEPTH } from './limits.ts'
import { type Json, strategicMerge } from './strategic-merge.ts'

interface ImageChange {
  readonly name: string
  readonly newName?: string
  readonly newTag?: string
  readonly digest?: string
}

interface Kustomization {
  readonly resources: readonly string[]
  readonly bases: readonly string[]
  readonly patchesStrategicMerge: readonly string[]
  readonly images: readonly ImageChange[]
  readonly namespace?: string
}

const KNOWN_WORDS = new Set([
  ...['apiVersion', 'kind', 'resources', 'bases', 'patchesStrategicMerge', 'namespace', 'images'],
])

/** The objects of the kustomization in `folder`. */
export async function buildKustomization(folder: string, depth = 0): Promise<KubeObject[]> {
  if (depth > KUSTOMIZE_MAX_DEPTH)
    throw new InstallError(`${folder}: kustomizations refer to each other too deeply`)
  const kustomization = await kustomizationIn(folder)
  const objects: KubeObject[] = []
  for (const entry of kustomization.bases) objects.push(...(await loadResource(join(folder, entry), depth)))
  return await built(folder, kustomization, objects, depth)
}

/** The same with other objects in the place of its bases: what it adds to them and changes in them. */
export async function addKustomization(
  folder: string,
  objects: readonly KubeObject[],
): Promise<KubeObject[]> {
  return await built(folder, await kustomizationIn(folder), [...objects], 0)
}

async function kustomizationIn(folder: string): Promise<Kustomization> {
  const file = join(folder, 'kustomization.yaml')
  return readKustomization(await readObjects(file), file)
}

async function built(
  folder: string,
  { resources, patchesStrategicMerge, images, namespace }: Kustomization,
  objects: KubeObject[],
  depth: number,
): Promise<KubeObject[]> {
  for (const entry of resources) objects.push(...(await loadResource(join(folder, entry), depth)))
  for (const entry of patchesStrategicMerge) {
    for (const patch of await readObjects(join(folder, entry)))
      applyPatch(objects, patch, join(folder, entry))
  }
  const placed = namespace === undefined ? objects : inNamespace(objects, namespace)
  return placed.map((object) => changeImages(object, images))
}

async function loadResource(path: string, depth: number): Promise<KubeObject[]> {
  const isFolder = (await stat(path)).isDirectory()
  return isFolder ? await buildKustomization(path, depth + 1) : await readObjects(path)
}

function readKustomization(documents: readonly KubeObject[], file: string): Kustomization {
  const [document = {}] = documents
  const unknown = Object.keys(document).filter((word) => !KNOWN_WORDS.has(word))
  if (unknown.length > 0)
    throw new InstallError(`${file}: cannot read ${unknown.join(', ')}; build it with kubectl -k`)
  return { resources: [], bases: [], patchesStrategicMerge: [], images: [], ...document }
}

async function readObjects(file: string): Promise<KubeObject[]> {
  try {
    const documents = parseAllDocuments(await readFile(file, 'utf8'))
    const broken = documents.flatMap((document) => document.errors)[0]
    if (broken !== undefined) throw broken
    return documents
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null)
  } catch (error) {
    throw new InstallError(`${file}: ${describeError(error)}`, { cause: error })
  }
}

function applyPatch(objects: KubeObject[], patch: KubeObject, file: string): void {
  const index = objects.findIndex((object) => identity(object) === identity(patch))
  const target = objects[index]
  if (target === undefined) throw new InstallError(`${file}: there is no ${identity(patch)} to patch`)
  objects[index] = strategicMerge(
    target as unknown as Json,
    patch as unknown as Json,
  ) as unknown as KubeObject
}

function identity({ apiVersion, kind, metadata }: KubeObject): string {
  return `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}

/** Every `image` of a list called containers or initContainers, wherever it is. */
function changeImages(object: KubeObject, images: readonly ImageChange[]): KubeObject {
  return walk(object as unknown as Json, '', images) as unknown as KubeObject
}

function walk(value: Json, key: string, images: readonly ImageChange[]): Json {
  if (Array.isArray(value)) return value.map((item) => walk(item, `${key}[]`, images))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, inner]): [string, Json] => {
    const isImage = name === 'image' && typeof inner === 'string' && /^(initC|c)ontainers\[\]$/.test(key)
    return [name, isImage ? newImage(inner, images) : walk(inner, name, images)]
  })
  return Object.fromEntries(entries)
}

function newImage(image: string, images: readonly ImageChange[]): string {
  const [, name = image, suffix = ''] = /^(.*?)((?::[^/:@]*)?(?:@.*)?)$/.exec(image) ?? []
  const change = images.find((candidate) => candidate.name === name)
  if (change === undefined) return image
  const version = change.digest === undefined ? change.newTag && `:${change.newTag}` : `@${change.digest}`
  return `${change.newName ?? name}${version ?? suffix}`
}
