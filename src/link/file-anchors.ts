/**
 * Whom this process trusts, by the authorities beside its own certificate.
 */
import type { SnapshotSource } from '../core/snapshot.ts'
import { readCertificates, type TrustAnchors } from '../pki/chain.ts'
import type { TlsCredentials, TlsFiles } from './tls-files.ts'

/** Follows the files. The same object until they change, as those want it who remember what they have checked. */
export function fileAnchors(tls: Pick<TlsFiles, 'current' | 'onChange'>): SnapshotSource<TrustAnchors> {
  let known: { readonly of: TlsCredentials; readonly anchors: TrustAnchors } | undefined
  const current = (): TrustAnchors => {
    const of = tls.current()
    if (known?.of !== of) known = { of, anchors: anchorsIn(of) }
    return known.anchors
  }
  return {
    current,
    subscribe(listener) {
      let previous = current()
      return tls.onChange(() => {
        const next = current()
        listener(next, previous)
        previous = next
      })
    },
  }
}

function anchorsIn({ authority, identity }: TlsCredentials): TrustAnchors {
  return { clusterset: identity.clusterset, roots: readCertificates(authority) }
}
