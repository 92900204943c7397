/** The volumes of one pod: made before its containers, refreshed while they run, removed after them. */
import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors.ts'
import { type Ownership, writeFolder } from './atomic-folder.ts'
import type { Bind } from './container-script.ts'
import type { PodAddresses } from './downward.ts'
import type { Container, LabPod, Volume, VolumeMount } from './pod.ts'
import { type VolumeFile, type VolumeSource, volumeFiles } from './volume-files.ts'

/** Where every pod finds the API, unless it wants no token. */
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const TOKEN_VOLUME = 'lab-api-access'

export interface PodVolumesConfig {
  /** A folder in memory for this pod alone. */
  readonly folder: string
  readonly addresses: PodAddresses
  /** All files belong to the one user there is. */
  readonly userNamespace: boolean
}

export class PodVolumes {
  readonly #pod: LabPod
  readonly #source: VolumeSource
  readonly #config: PodVolumesConfig
  readonly #volumes: readonly Volume[]
  /** What was written last, by volume, so that nothing is rewritten for nothing. */
  readonly #written = new Map<string, readonly VolumeFile[]>()
  #writing: Promise<unknown> = Promise.resolve()

  constructor(pod: LabPod, source: VolumeSource, config: PodVolumesConfig) {
    this.#pod = pod
    this.#source = source
    this.#config = config
    this.#volumes = [...(pod.spec?.volumes ?? []), ...(wantsToken(pod) ? [tokenVolume()] : [])]
  }

  /** Makes the volumes, or brings those with files up to date. Throws when something they need does not exist. */
  async write(): Promise<void> {
    // One after the other: a refresh may come while the first write still runs.
    const writing = this.#writing.then(() =>
      Promise.all(this.#volumes.map((volume) => this.#writeVolume(volume))),
    )
    this.#writing = writing.catch(() => {})
    await writing
  }

  /** True when the volumes read the ConfigMap or Secret of that name. */
  reads(kind: 'configMap' | 'secret', name: string): boolean {
    return this.#volumes.some((volume) => {
      const direct = kind === 'configMap' ? volume.configMap?.name : volume.secret?.secretName
      return (
        direct === name || (volume.projected?.sources ?? []).some((source) => source[kind]?.name === name)
      )
    })
  }

  /** What a container mounts of them. */
  async binds(container: Container): Promise<readonly Bind[]> {
    const mounts = [...(container.volumeMounts ?? [])]
    if (wantsToken(this.#pod) && !mounts.some(({ mountPath }) => mountPath === TOKEN_PATH)) {
      mounts.push({ name: TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true })
    }
    return await Promise.all(mounts.map((mount) => this.#bind(mount)))
  }

  async #bind({ name, mountPath, subPath, readOnly = false }: VolumeMount): Promise<Bind> {
    const volume = this.#volumes.find((each) => each.name === name)
    if (volume === undefined) throw new LabError(`volume "${name}" does not exist in the pod`)
    const base = volume.hostPath?.path ?? join(this.#config.folder, name)
    const source = subPath === undefined ? base : join(base, subPath)
    if (volume.emptyDir !== undefined && subPath !== undefined) await mkdir(source, { recursive: true })
    await stat(source)
    return { source, target: mountPath, readOnly: readOnly || this.#hasFiles(volume) }
  }

  #hasFiles(volume: Volume): boolean {
    return volume.emptyDir === undefined && volume.hostPath === undefined
  }

  async #writeVolume(volume: Volume): Promise<void> {
    const folder = join(this.#config.folder, volume.name)
    if (volume.hostPath !== undefined) {
      if (volume.hostPath.type === 'DirectoryOrCreate') await mkdir(volume.hostPath.path, { recursive: true })
      return
    }
    const files = await volumeFiles(this.#pod, volume, this.#config.addresses, this.#source)
    if (files === undefined) return await this.#makeEmpty(volume, folder)
    if (sameFiles(files, this.#written.get(volume.name))) return
    await writeFolder(folder, files, this.#owner())
    this.#written.set(volume.name, files)
  }

  async #makeEmpty(volume: Volume, folder: string): Promise<void> {
    if (volume.emptyDir === undefined)
      throw new LabError(`the kind of volume "${volume.name}" is not supported by the lab`)
    await mkdir(folder, { recursive: true })
    await chmod(folder, 0o777)
    const { gid } = this.#owner()
    if (gid !== undefined) await chown(folder, 0, gid)
  }

  #owner(): Ownership {
    if (this.#config.userNamespace) return { uid: undefined, gid: undefined }
    const security = this.#pod.spec?.securityContext
    const users = this.#pod.spec?.containers.map((container) => container.securityContext?.runAsUser) ?? []
    return { uid: users.find((user) => user !== undefined) ?? security?.runAsUser, gid: security?.fsGroup }
  }
}

/** The API server may have added the volume itself, as Kubernetes' admission does. */
function wantsToken(pod: LabPod): boolean {
  if (pod.spec?.automountServiceAccountToken === false) return false
  const mounts = pod.spec?.containers.flatMap((container) => container.volumeMounts ?? []) ?? []
  return !mounts.some(({ mountPath }) => mountPath === TOKEN_PATH)
}

function tokenVolume(): Volume {
  return {
    name: TOKEN_VOLUME,
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  }
}

function sameFiles(a: readonly VolumeFile[], b: readonly VolumeFile[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false
  return a.every((file, index) => {
    const other = b[index]
    return (
      other !== undefined &&
      other.path === file.path &&
      other.mode === file.mode &&
      other.content.equals(file.content)
    )
  })
}
