/**
 * When certificates end, for /metrics of every controller replica.
 */
import type { X509Certificate } from 'node:crypto'
import { TrustKey } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import type { Metrics, Sample } from '../core/metrics.ts'
import { readCertificates } from '../pki/chain.ts'
import { orUndefined } from './attempt.ts'
import { type SecretObject, secretText } from './secrets.ts'
import type { TrustStores } from './trust-stores.ts'

export interface TrustMetricsDeps {
  readonly stores: Pick<TrustStores, 'root' | 'authority' | 'routerLeaf' | 'agentLeaf'>
  readonly metrics: Metrics
  readonly clock: Pick<Clock, 'now'>
  /** When this process's own certificate ends, milliseconds since 1970. */
  readonly ownEnd: () => number | undefined
}

/** Seconds until each certificate ends; below zero once it has. */
export function trustMetrics({ stores, metrics, clock, ownEnd }: TrustMetricsDeps): void {
  metrics.observeEach(
    'fairlead_certificate_expiry_seconds',
    'Seconds until a certificate ends: of the root, of the authority, of the processes',
    ['what'],
    () => {
      const now = clock.now()
      const ends: (readonly [string, number | undefined])[] = [
        ['root', endOf(stores.root) ?? endOf(stores.authority, TrustKey.roots)],
        ['authority', endOf(stores.authority)],
        ['router', endOf(stores.routerLeaf)],
        ['agent', endOf(stores.agentLeaf)],
        ['controller', ownEnd()],
      ]
      return ends.flatMap(([what, end]): Sample[] =>
        end === undefined ? [] : [[{ what }, Math.round((end - now) / 1000)]],
      )
    },
  )
}

function endOf(
  store: { list(): readonly SecretObject[] },
  key: string = TrustKey.certificate,
): number | undefined {
  const [secret] = store.list()
  const text = secret && secretText(secret, key)
  const certificates = text === undefined ? undefined : orUndefined(() => readCertificates(text))
  const first: X509Certificate | undefined = certificates?.[0]
  return first?.validToDate.getTime()
}
