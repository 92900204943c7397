/** manifests/ as users apply them: our loader builds what kubectl builds, and the objects keep the promises of the design. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { EPHEMERAL_PORTS, LISTEN_PORTS, Port, SOURCE_PORTS } from '../../../src/api/names.ts'
import type { KubeObject } from '../../../src/api/objects.ts'
import { manifestObjects, OVERLAYS } from '../../../src/cli/install/installation.ts'
import { buildKustomization } from '../../../src/cli/install/kustomize.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'
import { ROOT } from '../../support/source-tree.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-kustomize-'))
})

afterAll(() => rm(folder, { recursive: true }))

function byName(objects: readonly KubeObject[]): Record<string, KubeObject> {
  const name = ({ kind, metadata }: KubeObject) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
  return Object.fromEntries(objects.map((object) => [name(object), object]))
}

async function kubectlKustomize(path: string): Promise<KubeObject[]> {
  const { stdout } = await run(['kubectl', 'kustomize', path])
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject)
}

describeWith(['kubectl'], 'kubectl kustomize', () => {
  test.each([...OVERLAYS, 'admission', 'namespaced'] as const)(
    'builds of %s what install builds',
    async (overlay) => {
      const path = join(ROOT, 'manifests', overlay === 'base' ? 'base' : join('overlays', overlay))
      const ours = await manifestObjects(overlay)
      expect(byName(ours)).toEqual(byName(await kubectlKustomize(path)))
      expect(Object.keys(byName(ours))).toHaveLength(ours.length)
    },
  )

  test('names images and merges lists as our loader does', async () => {
    const container = (name: string, image: string) => ({ name, image })
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: {
        initContainers: [container('init', 'registry.example:5000/tool')],
        containers: [
          container('one', 'fairlead:dev'),
          container('two', 'fairlead'),
          container('three', 'other:1'),
        ],
      },
    }
    const patch = {
      ...pod,
      spec: { containers: [container('three', 'other:2'), container('four', 'fairlead:old')] },
    }
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: ['pod.yaml'],
      patchesStrategicMerge: ['patch.yaml'],
      images: [
        { name: 'fairlead', newName: 'registry.example/fairlead', newTag: 'v2' },
        { name: 'registry.example:5000/tool', newTag: 'v3' },
        { name: 'other', digest: 'sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3' },
      ],
    }
    await writeFile(join(folder, 'pod.yaml'), JSON.stringify(pod))
    await writeFile(join(folder, 'patch.yaml'), JSON.stringify(patch))
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
    expect(containers(await buildKustomization(folder))).toEqual(containers(await kubectlKustomize(folder)))
  })
})

/** New list members may stand before or after the old ones; which, differs between kustomize versions. */
function containers([pod]: readonly KubeObject[]): unknown {
  const { spec } = pod as unknown as { spec: { initContainers: unknown[]; containers: { name: string }[] } }
  return [spec.initContainers, spec.containers.toSorted((a, b) => (a.name < b.name ? -1 : 1))]
}

test('a word of kustomize that the loader does not know is refused', async () => {
  await writeFile(join(folder, 'kustomization.yaml'), 'resources: []\nnamePrefix: x-\n')
  await expect(buildKustomization(folder)).rejects.toThrow('cannot read namePrefix')
})

test('roles name what they allow, without wildcards, and across namespaces the controller writes, and routers one status', async () => {
  interface Role extends KubeObject {
    rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[]
  }
  const roles = (await manifestObjects('base')).filter(({ kind }) => kind?.endsWith('Role')) as Role[]
  expect(roles.length).toBeGreaterThan(3)
  for (const { rules } of roles) {
    const words = rules.flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs])
    expect(words).not.toContain('*')
  }
  const writers = roles
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ metadata, rules }) =>
      rules.filter(({ verbs }) => verbs.some(isWrite)).map(({ resources }) => [metadata.name, ...resources]),
    )
    .filter(([name]) => name !== 'fairlead-controller')
  expect(writers).toEqual([['fairlead-router', 'servicepolicies/status']])
})

function isWrite(verb: string): boolean {
  return !['get', 'list', 'watch'].includes(verb)
}

test('every pod is what the restricted pod security standard asks for, and reads only', async () => {
  interface Workload extends KubeObject {
    spec: {
      template: {
        spec: { securityContext: object; containers: { securityContext: object; resources: object }[] }
      }
    }
  }
  const workloads = (await manifestObjects('base')).filter(({ kind }) => kind === 'Deployment') as Workload[]
  expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual([
    'fairlead-controller',
    'fairlead-dns',
    'fairlead-router',
  ])
  for (const { spec } of workloads) {
    const { securityContext, containers } = spec.template.spec
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    for (const container of containers) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources).toMatchObject({ requests: expect.anything(), limits: expect.anything() })
    }
  }
})

test('the agent of a node has one capability, and reads only; routers keep clear of the ports that stand for addresses', async () => {
  // biome-ignore lint/suspicious/noExplicitAny: objects of any kind, looked into by path.
  const objects = byName(await manifestObjects('globalnet')) as Record<string, any>
  const rules = objects['ClusterRole /fairlead-agent'].rules as { verbs: string[] }[]
  expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'watch']))
  const { spec } = objects['DaemonSet fairlead-system/fairlead-agent'].spec.template
  expect(spec).toMatchObject({ hostNetwork: true, tolerations: [{ operator: 'Exists' }] })
  expect(spec.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' })
  expect(spec.volumes).toBeUndefined()
  expect(objects['Role fairlead-system/fairlead-agent'].rules).toEqual([
    {
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['fairlead-agent-tls'],
      verbs: ['get', 'watch'],
    },
  ])
  expect(spec.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
  })
  expect(spec.containers[0].ports).toEqual([
    { name: 'health', containerPort: Port.agentHealth, hostPort: Port.agentHealth, protocol: 'TCP' },
  ])
  const router = objects['Deployment fairlead-system/fairlead-router'].spec.template.spec
  expect(router.securityContext).toMatchObject({
    runAsNonRoot: true,
    sysctls: [
      { name: 'net.ipv4.ip_local_port_range', value: `${EPHEMERAL_PORTS.first} ${EPHEMERAL_PORTS.last}` },
    ],
  })
})

test('no two kinds of router ports overlap', () => {
  const own = Object.values(Port).map((port) => ({ first: port, last: port }))
  const ranges = [LISTEN_PORTS, SOURCE_PORTS, EPHEMERAL_PORTS]
  const overlaps = ranges.flatMap((range) =>
    [...own, ...ranges].filter(
      (other) => other !== range && other.first <= range.last && range.first <= other.last,
    ),
  )
  expect(overlaps).toEqual([])
})
