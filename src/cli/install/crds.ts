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
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly served: boolean }[] }
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

export function isCrd(object: KubeObject): boolean {
  return object.kind === Resource.customResourceDefinition.kind
}

/**
 * Whether what is there must not be replaced by ours. The standard's rule: compare the release, then the schema
 * revision, which starts anew in each release. Definitions that do not say a release are compared by what they serve.
 */
export function isNewer(present: KubeObject, ours: KubeObject): boolean {
  const there = releaseOf(present)
  const here = releaseOf(ours)
  if (there === undefined || here === undefined) return isGreater(latestServed(present), latestServed(ours))
  return isGreater(there, here)
}

/** By the first part that differs. */
function isGreater(left: readonly number[], right: readonly number[]): boolean {
  const index = left.findIndex((part, at) => part !== (right[at] ?? 0))
  return index !== -1 && (left[index] ?? 0) > (right[index] ?? 0)
}

function releaseOf({ metadata: { labels = {} } }: KubeObject): number[] | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(labels[RELEASE] ?? '')
  if (match === null) return undefined
  const revision = Number(labels[REVISION] ?? 0)
  return [...match.slice(1).map(Number), Number.isFinite(revision) ? revision : 0]
}

/** Empty when it serves nothing. */
function latestServed({ spec }: Crd): number[] {
  const ranks = (spec?.versions ?? []).filter(({ served }) => served).map(({ name }) => rankOf(name))
  return ranks.reduce((best, rank) => (isGreater(rank, best) ? rank : best), [])
}

const MATURITY = ['alpha', 'beta', undefined]

/** Kubernetes' order of versions: v2, v1, v2beta1, v1beta2, v1beta1, v1alpha1, and then what is named otherwise. */
function rankOf(version: string): number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return []
  return [MATURITY.indexOf(match[2]) + 1, Number(match[1]), Number(match[3] ?? 0)]
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
