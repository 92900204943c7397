/** All that the manifests can put into a cluster, overlay by overlay. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeObject } from '../../src/api/objects.ts'
import { buildKustomization } from '../../src/cli/install/kustomize.ts'
import { ROOT } from './source-tree.ts'

const OVERLAYS = join(ROOT, 'manifests/overlays')

/** Folder under manifests/ -> its objects: the base and every overlay there is, so that a new one is not forgotten. */
export async function everyManifest(): Promise<ReadonlyMap<string, readonly KubeObject[]>> {
  const folders = ['base', ...readdirSync(OVERLAYS).map((name) => `overlays/${name}`)]
  const built = folders.map(
    async (folder) => [folder, await buildKustomization(join(ROOT, 'manifests', folder))] as const,
  )
  return new Map(await Promise.all(built))
}
