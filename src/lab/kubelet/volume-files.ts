/** Which files a volume holds. Pure but for the lookups it is given. */
import { LabError } from '../errors.ts'
import { fieldValue, type PodAddresses } from './downward.ts'
import type { ConfigSource } from './environment.ts'
import type { DownwardFile, KeyToPath, LabPod, Volume, VolumeProjection } from './pod.ts'

export interface VolumeFile {
  /** Relative to the volume. */
  readonly path: string
  readonly content: Buffer
  readonly mode: number
}

/** What a token is asked for. */
export interface TokenRequest {
  readonly audience: string | undefined
  readonly seconds: number | undefined
}

export interface VolumeSource extends ConfigSource {
  /** A token of the pod's service account. */
  token(request: TokenRequest): Promise<string>
}

/** Mode of files in volumes that name none (the API's default). */
const DEFAULT_MODE = 0o644

/** Files of a configMap, secret, downwardAPI or projected volume; undefined for volumes without files of their own. */
export async function volumeFiles(
  pod: LabPod,
  volume: Volume,
  addresses: PodAddresses,
  source: VolumeSource,
): Promise<readonly VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  const of = (projection: VolumeProjection, mode: number | undefined) =>
    projectionFiles(pod, projection, mode ?? DEFAULT_MODE, addresses, source)
  if (configMap !== undefined) return await of({ configMap }, configMap.defaultMode)
  if (secret !== undefined)
    return await of({ secret: { ...secret, name: secret.secretName ?? '' } }, secret.defaultMode)
  if (downwardAPI !== undefined) return await of({ downwardAPI }, downwardAPI.defaultMode)
  if (projected === undefined) return undefined
  const parts = await Promise.all((projected.sources ?? []).map((part) => of(part, projected.defaultMode)))
  return parts.flat()
}

async function projectionFiles(
  pod: LabPod,
  projection: VolumeProjection,
  mode: number,
  addresses: PodAddresses,
  source: VolumeSource,
): Promise<readonly VolumeFile[]> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection
  if (serviceAccountToken !== undefined) {
    const { path, audience, expirationSeconds: seconds } = serviceAccountToken
    return [{ path, content: Buffer.from(await source.token({ audience, seconds })), mode: 0o600 }]
  }
  if (downwardAPI !== undefined)
    return (downwardAPI.items ?? []).map((item) => downwardFile(pod, item, mode, addresses))
  if (configMap !== undefined) {
    return keyFiles('configMap', configMap, await source.configMap(configMap.name ?? ''), mode)
  }
  return secret === undefined ? [] : keyFiles('secret', secret, await source.secret(secret.name ?? ''), mode)
}

function downwardFile(pod: LabPod, item: DownwardFile, mode: number, addresses: PodAddresses): VolumeFile {
  if (item.fieldRef === undefined)
    throw new LabError(`the source of the file ${item.path} is not supported by the lab`)
  const content = Buffer.from(fieldValue(pod, item.fieldRef.fieldPath, addresses))
  return { path: safePath(item.path), content, mode: item.mode ?? mode }
}

function keyFiles(
  kind: 'configMap' | 'secret',
  { name, items, optional }: { name?: string; items?: readonly KeyToPath[]; optional?: boolean },
  data: Readonly<Record<string, Buffer>> | undefined,
  mode: number,
): readonly VolumeFile[] {
  if (data === undefined) {
    if (optional) return []
    throw new LabError(`${kind} "${name}" does not exist`)
  }
  const wanted = items ?? Object.keys(data).map((key) => ({ key, path: key }) as KeyToPath)
  return wanted.flatMap((item) => {
    const content = data[item.key]
    if (content !== undefined) return [{ path: safePath(item.path), content, mode: item.mode ?? mode }]
    if (optional) return []
    throw new LabError(`${kind} "${name}" has no key "${item.key}"`)
  })
}

function safePath(path: string): string {
  if (path.startsWith('/') || path.split('/').includes('..'))
    throw new LabError(`${path} leads out of its volume`)
  return path
}
