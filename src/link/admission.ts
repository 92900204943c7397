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
  if (peer.role !== Role.router) admitServant(own, peer, kind)
}

/** Controllers and agents. */
function admitServant(own: PeerIdentity, peer: PeerIdentity, kind: ConnectionKind): void {
  const { role, cluster } = peer
  if (cluster !== own.cluster) {
    throw new PeerRefusedError(
      'role',
      `the ${role} of cluster ${cluster} may only connect to its own routers`,
    )
  }
  if (kind !== 'control') throw new PeerRefusedError('role', `the ${role} may not open data connections`)
}
