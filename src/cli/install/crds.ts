/**
 * Custom resource definitions: which may be applied (never an older one over a newer), and when they are served.
 */
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { KubeClient } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'
import { CRD_ESTABLISHED_MS } from './limits.ts'

const RELEASE = 'multicluster.x-k8s.io/release-version'
const REVISION = 'multicluster.x-k8s.io/crd-schema-revision'

interface Crd extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

export function isCrd(object: KubeObject): boolean {
  return object.kind === Resource.customResourceDefinition.kind
}

/** The standard's rule: compare the release, then the schema revision, which starts anew in each release. */
export function isNewer(present: KubeObject, ours: KubeObject): boolean {
  const there = versionOf(present)
  const here = versionOf(ours)
  if (there === undefined || here === undefined) return false
  for (const [index, part] of there.entries()) {
    const other = here[index] ?? 0
    if (part !== other) return part > other
  }
  return false
}

function versionOf({ metadata: { labels = {} } }: KubeObject): number[] | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(labels[RELEASE] ?? '')
  if (match === null) return undefined
  const revision = Number(labels[REVISION] ?? 0)
  return [...match.slice(1).map(Number), Number.isFinite(revision) ? revision : 0]
}

/** Resolves when the API server serves every one of `crds`. */
export async function established(client: KubeClient, crds: readonly KubeObject[]): Promise<void> {
  await Promise.all(
    crds.map(({ metadata: { name = '' } }) =>
      waitFor(`serving ${name}`, CRD_ESTABLISHED_MS, async () => {
        const crd = await client.get<Crd>(Resource.customResourceDefinition, { name })
        return crd?.status?.conditions?.find(
          ({ type, status }) => type === 'Established' && status === 'True',
        )
      }),
    ),
  )
}
