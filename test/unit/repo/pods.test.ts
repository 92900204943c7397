/** The pods of all manifests: what each may do on its node, and what is mounted into it. */
import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/api/objects.ts'
import { everyManifest } from '../../support/manifests.ts'

interface Container {
  readonly name: string
  readonly securityContext?: object
  readonly resources?: { readonly requests?: object; readonly limits?: { readonly memory?: string } }
  readonly volumeMounts?: readonly { readonly readOnly?: boolean }[]
}
interface PodSpec {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly sysctls?: readonly { readonly name: string }[]
  }
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly { readonly name: string }[]
  readonly [field: string]: unknown
}
interface Workload extends KubeObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } }
}

const KINDS = ['Deployment', 'DaemonSet', 'StatefulSet', 'Job', 'CronJob', 'Pod', 'ReplicaSet']
/** Rules of a node are made in its network; see manifests/overlays/globalnet. */
const AGENT = 'fairlead-agent'

const manifests = await everyManifest()
const workloads = [...manifests].flatMap(([folder, objects]) =>
  objects
    .filter(({ kind = '' }) => KINDS.includes(kind))
    .map((object) => ({ name: `${folder} ${object.metadata.name}`, object: object as Workload, objects })),
)

test('only Deployments and the DaemonSet of the agent run pods', () => {
  const kinds = workloads.map(({ object }) => `${object.kind} ${object.metadata.name}`)
  expect([...new Set(kinds)].sort()).toEqual([
    'DaemonSet fairlead-agent',
    'Deployment fairlead-controller',
    'Deployment fairlead-dns',
    'Deployment fairlead-router',
  ])
})

describe.each(workloads)('$name', ({ object, objects }) => {
  const { spec } = object.spec.template
  const isAgent = object.metadata.name === AGENT
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]

  test('runs as an ordinary user under seccomp, or as user 0 with one capability where that is the agent', () => {
    const users = isAgent
      ? { runAsUser: 0, runAsGroup: 0 }
      : { runAsNonRoot: true, runAsUser: 65_532, runAsGroup: 65_532 }
    expect(spec.securityContext).toMatchObject({ ...users, seccompProfile: { type: 'RuntimeDefault' } })
    for (const { securityContext } of containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], ...(isAgent ? { add: ['NET_ADMIN'] } : {}) },
      })
    }
  })

  test('has nothing of its node but, as the agent, the network', () => {
    const { hostNetwork = false, hostPID = false, hostIPC = false, shareProcessNamespace = false } = spec
    expect({ hostNetwork, hostPID, hostIPC, shareProcessNamespace }).toEqual({
      hostNetwork: isAgent,
      hostPID: false,
      hostIPC: false,
      shareProcessNamespace: false,
    })
    const sysctls = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
    expect(sysctls.filter((name) => name !== 'net.ipv4.ip_local_port_range')).toEqual([])
  })

  test('mounts Secrets alone, read-only, for nobody but its user', () => {
    for (const { name: _, ...source } of spec.volumes ?? []) {
      expect(source).toEqual({
        secret: expect.objectContaining({ secretName: expect.stringMatching(/^fairlead-/) }),
      })
      expect([0o440, 0o400]).toContain((source as { secret: { defaultMode?: number } }).secret.defaultMode)
    }
    const mounts = containers.flatMap(({ volumeMounts = [] }) => volumeMounts)
    expect(mounts.filter(({ readOnly }) => readOnly !== true)).toEqual([])
  })

  test('has a token only because its own service account has a role, and that account gives no other pod one', () => {
    const { serviceAccountName = '', automountServiceAccountToken } = spec
    const named = objects.filter(({ metadata }) => metadata.name === serviceAccountName)
    const account = named.find(({ kind }) => kind === 'ServiceAccount')
    expect(account).toMatchObject({ automountServiceAccountToken: false })
    const hasRole = named.some(({ kind = '' }) => kind.endsWith('RoleBinding'))
    expect(automountServiceAccountToken).toBe(hasRole)
  })

  test('cannot take all memory of its node', () => {
    for (const { resources } of containers)
      expect(resources).toMatchObject({ requests: expect.anything(), limits: { memory: expect.any(String) } })
  })
})
