/**
 * Lets the cluster's CoreDNS forward clusterset.local to fairlead's resolver, and takes that back.
 */
import { CLUSTERSET_ZONE, SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject, Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { isConflict } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { waitFor } from '../wait.ts'
import { hasForeignBlock, reloadsItself, withForwarding, withoutForwarding } from './corefile.ts'
import { EDIT_ATTEMPTS } from './limits.ts'

const CONFIG_MAP = { namespace: 'kube-system', name: 'coredns' } as const
const DNS_SERVICE = { namespace: SYSTEM_NAMESPACE, name: 'fairlead-dns' } as const

interface ConfigMap extends KubeObject {
  readonly data?: Record<string, string>
}

export type DnsOutcome =
  | { readonly outcome: 'configured' | 'unchanged' }
  /** Nothing was changed; `advice` says what the user has to do. */
  | { readonly outcome: 'left alone'; readonly advice: string }

/** Adds or renews the forwarding block. */
export async function wireCoreDns(client: KubeClient, timeoutMs: number): Promise<DnsOutcome> {
  const address = await waitFor('the address of Service fairlead-dns', timeoutMs, () =>
    resolverAddress(client),
  )
  return await editCorefile(client, (corefile) => withForwarding(corefile, address), manualAdvice(address))
}

/** Removes the block. */
export async function unwireCoreDns(client: KubeClient): Promise<DnsOutcome> {
  return await editCorefile(
    client,
    withoutForwarding,
    `if your cluster DNS forwards ${CLUSTERSET_ZONE}, remove that`,
  )
}

async function resolverAddress(client: KubeClient): Promise<string | undefined> {
  const service = await client.get<Service>(Resource.service, DNS_SERVICE)
  return service?.spec?.clusterIP || undefined
}

async function editCorefile(
  client: KubeClient,
  edit: (corefile: string) => string,
  advice: string,
): Promise<DnsOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await editOnce(client, edit, advice)
    } catch (error) {
      if (!isConflict(error) || attempt === EDIT_ATTEMPTS) throw error
    }
  }
}

/** The resource version in the patch makes the API server refuse it when somebody edited meanwhile. */
async function editOnce(
  client: KubeClient,
  edit: (corefile: string) => string,
  advice: string,
): Promise<DnsOutcome> {
  const present = await client.get<ConfigMap>(Resource.configMap, CONFIG_MAP)
  const corefile = present?.data?.['Corefile']
  if (present === undefined || corefile === undefined) {
    return {
      outcome: 'left alone',
      advice: `there is no CoreDNS configuration kube-system/coredns: ${advice}`,
    }
  }
  if (hasForeignBlock(corefile)) {
    return {
      outcome: 'left alone',
      advice: `CoreDNS has a block for ${CLUSTERSET_ZONE} that is not ours: ${advice}`,
    }
  }
  const edited = edit(corefile)
  if (edited === corefile) return { outcome: 'unchanged' }
  const { resourceVersion } = present.metadata
  await client.patch(Resource.configMap, CONFIG_MAP, 'merge', {
    metadata: { resourceVersion },
    data: { Corefile: edited },
  })
  if (reloadsItself(corefile)) return { outcome: 'configured' }
  return { outcome: 'left alone', advice: 'CoreDNS does not reload its configuration by itself: restart it' }
}

function manualAdvice(address: string): string {
  return `have your cluster DNS forward ${CLUSTERSET_ZONE} to ${address}, port 53 (a stub domain in kube-dns)`
}
