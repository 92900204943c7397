/** Makes a cluster a member with the rights of both clusters' administrators: what an invite does between strangers. */
import { X509Certificate } from 'node:crypto'
import { ClusterPropertyName, SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { Resource } from '../../src/api/resources.ts'
import { systemClock } from '../../src/core/clock.ts'
import { connectKube } from '../../src/kube/client.ts'
import { createClusterAuthority } from '../../src/pki/cluster-authority.ts'
import { authorityOwner, loadAuthority, saveAuthority } from '../../src/trust/authority-secret.ts'
import { memberOf, registerMember } from '../../src/trust/members.ts'
import { loadRoot } from '../../src/trust/root-secret.ts'

/** `founder` and `member` are contexts; the member's is also its id. */
export async function joinByHand(kubeconfig: string, founder: string, member: string): Promise<void> {
  const [from, to] = await Promise.all([
    connectKube({ kubeconfig, context: founder }),
    connectKube({ kubeconfig, context: member }),
  ])
  try {
    const root = await loadRoot(from.client, SYSTEM_NAMESPACE)
    const own = await loadAuthority(from.client, SYSTEM_NAMESPACE)
    if (root === undefined || own === undefined) throw new Error(`${founder} has founded nothing`)
    const { clusterset } = authorityOwner(own)
    const rules = { clusterset, cluster: member, days: 30 }
    const { certPem, keyPem } = await createClusterAuthority(root.active, rules)
    const registry = { client: from.client, clock: systemClock, namespace: SYSTEM_NAMESPACE }
    await registerMember(registry, memberOf(new X509Certificate(certPem)), () => false)
    const properties = {
      [ClusterPropertyName.clusterId]: member,
      [ClusterPropertyName.clusterset]: clusterset,
    }
    for (const [name, value] of Object.entries(properties))
      await to.client.apply(Resource.clusterProperty, { metadata: { name }, spec: { value } } as never, {
        fieldManager: 'test',
      })
    const { roots, statement } = own
    await saveAuthority(to.client, SYSTEM_NAMESPACE, { roots, statement, certificate: certPem, key: keyPem })
  } finally {
    await Promise.all([from.client.close(), to.client.close()])
  }
}
