/**
 * The token for which routers tell about the network, as a Secret: made once, and kept.
 */
import { randomBytes } from 'node:crypto'
import { REPORT_SECRET } from '../../api/network-report.ts'
import type { KubeObject } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { KubeClient } from '../../kube/types.ts'
import { REPORT_TOKEN_BYTES } from './limits.ts'

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

/** The Secret to apply: with the present token where there is one, also when somebody else chose it. */
export async function reportSecret(client: KubeClient, namespace: string): Promise<KubeObject> {
  const { name, key } = REPORT_SECRET
  const present = await client.get<Secret>(Resource.secret, { namespace, name })
  const token = present?.data?.[key] ?? encoded(randomBytes(REPORT_TOKEN_BYTES).toString('hex'))
  const secret: KubeObject & { type: string; data: Record<string, string> } = {
    apiVersion: 'v1',
    kind: Resource.secret.kind,
    metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'fairlead' } },
    type: 'Opaque',
    data: { [key]: token },
  }
  return secret
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}
