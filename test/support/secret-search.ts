/**
 * Looks for secrets where none may be: in objects that are no Secrets, logs, metrics, command lines and environments. What
 * is looked for are the keys, codes and tokens that the clusters' own Secrets hold.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../../src/core/errors.ts'
import type { Clusters } from './clusters.ts'

const SYSTEM = ['-n', 'fairlead-system']

/** What must be found nowhere, by where it belongs. */
export type Needles = ReadonlyMap<string, string>

interface Secret {
  readonly metadata: { readonly namespace: string; readonly name: string }
  readonly data?: Readonly<Record<string, string>>
}

/** Of all Secrets of a cluster: each private key and each other value that is no certificate, as text and as it is stored. */
export async function secretsOf(clusters: Clusters, cluster: string): Promise<Needles> {
  const { stdout } = await clusters.kubectl(cluster, ['get', 'secrets', '-A', '-o', 'json'])
  const { items } = JSON.parse(stdout) as { items: Secret[] }
  const found = new Map<string, string>()
  for (const { metadata, data = {} } of items)
    for (const [key, stored] of Object.entries(data)) {
      const name = `${cluster} ${metadata.namespace}/${metadata.name} ${key}`
      for (const [form, text] of formsOf(stored)) found.set(`${name} ${form}`, text)
    }
  return found
}

/** Long enough to be nowhere by chance. */
const TELLING = 32

function formsOf(stored: string): (readonly [string, string])[] {
  const text = Buffer.from(stored, 'base64').toString('utf8')
  const isKey = text.includes('PRIVATE KEY')
  // Certificates and what a root signed are for everybody.
  if (!isKey && (text.includes('CERTIFICATE') || text.includes('"signatures"'))) return []
  // The first line of a key says only of what kind it is.
  const core = isKey ? (text.split('\n')[2] ?? '') : text.trim()
  const forms = [
    ['as text', core],
    ['as stored', stored.slice(120, 180) || stored],
  ] as const
  return forms.filter(([, form]) => form.length >= TELLING)
}

/** Everything that whoever reads no Secret may read of a cluster, by where it is. */
export async function toldBy(clusters: Clusters, cluster: string): Promise<ReadonlyMap<string, string>> {
  const kubectl = async (...args: string[]) => (await clusters.kubectl(cluster, args)).stdout
  const listed = await kubectl('api-resources', '--verbs=list', '-o', 'name')
  const kinds = listed.split('\n').filter((kind) => kind !== '' && kind !== 'secrets')
  const told = new Map([[`${cluster} objects`, await kubectl('get', kinds.join(','), '-A', '-o', 'yaml')]])
  const pods = (await kubectl('get', 'pods', ...SYSTEM, '-o', 'name')).trim().split('\n')
  for (const pod of pods) {
    told.set(`${cluster} logs of ${pod}`, await kubectl('logs', pod, ...SYSTEM))
    const proxy = `/api/v1/namespaces/fairlead-system/pods/${pod.replace('pod/', '')}:9090/proxy/metrics`
    told.set(`${cluster} metrics of ${pod}`, await kubectl('get', '--raw', proxy))
  }
  return told
}

/** Command lines and environments of all processes that may be looked at. */
export async function toldByProcesses(): Promise<ReadonlyMap<string, string>> {
  const told = new Map<string, string>()
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
    for (const file of ['cmdline', 'environ']) {
      const path = join('/proc', pid, file)
      told.set(path, await readIfThere(path))
    }
  return told
}

/** Where which secret was found; the secret itself is not said. */
export function leaks(needles: Needles, told: ReadonlyMap<string, string>): string[] {
  return [...told].flatMap(([place, text]) =>
    [...needles].flatMap(([name, needle]) => (text.includes(needle) ? [`${name} is in ${place}`] : [])),
  )
}

/** Processes come and go, and those of others cannot be read. */
async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return ''
    throw error
  }
}
