/** The definitions of the resources of global addresses, for API servers that begin without any. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/objects.ts'
import { ROOT } from './source-tree.ts'

const FILES = ['globalnetworks.yaml', 'globalingressips.yaml']

/** Read from the manifests. */
export async function globalCrds(): Promise<KubeObject[]> {
  const texts = FILES.map((file) => readFile(join(ROOT, 'manifests/base/crds', file), 'utf8'))
  return (await Promise.all(texts)).map((text) => parse(text) as KubeObject)
}
