/**
 * Who may connect to us, as a pure function of two certificates and the kind of connection.
 */
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { PeerRefusedError } from './errors.ts'

/** Chosen by ALPN. */
export type ConnectionKind = 'control' | 'data'

/** Throws PeerRefusedError unless `peer` may open a connection of this kind to the router `own`. */
export function admit(own: PeerIdentity, peer: PeerIdentity, kind: ConnectionKind): void {
  if (peer.clusterset !== own.clusterset) {
    throw new PeerRefusedError('clusterset', `clusterset ${peer.clusterset} is not ours`)
  }
  if (peer.role === Role.controller) admitController(own, peer, kind)
}

function admitController(own: PeerIdentity, peer: PeerIdentity, kind: ConnectionKind): void {
  if (peer.cluster !== own.cluster) {
    throw new PeerRefusedError(
      'role',
      `the controller of cluster ${peer.cluster} may only connect to its own router`,
    )
  }
  if (kind !== 'control') throw new PeerRefusedError('role', 'a controller may not open data connections')
}
