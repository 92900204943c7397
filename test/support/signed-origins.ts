/** States of clusters, signed by whoever a test likes. */
import type { OriginState } from '../../src/api/service-record.ts'
import { originParts } from '../../src/link/message-codec.ts'
import type { DirectoryOrigin } from '../../src/link/messages.ts'
import { OriginDigest } from '../../src/link/origin-digest.ts'
import { readTlsFiles } from '../../src/link/tls-files.ts'
import type { Role } from '../../src/pki/identity.ts'
import { Signer, SigningContext } from '../../src/pki/signatures.ts'
import type { TestClusterset } from './clusterset.ts'

export type SignOrigin = (state: OriginState) => OriginState

/** Signs with the certificate in a folder of TLS files. */
export async function signingWith(tlsDir: string): Promise<SignOrigin> {
  const tls = await readTlsFiles(tlsDir)
  const [signer, digest] = [new Signer(tls), new OriginDigest()]
  return (state) => {
    const data = digest.of(tls.identity.clusterset, state)
    return { ...state, signature: signer.sign(SigningContext.origin, data) }
  }
}

/** Signs as a process of a cluster. */
export async function signingAs(
  set: TestClusterset,
  cluster: string,
  role: Role = 'controller',
): Promise<SignOrigin> {
  return signingWith(await set.tlsDir(cluster, role))
}

/** A small state as its one message. */
export function messageOf(state: OriginState): DirectoryOrigin {
  const [message, ...more] = originParts(state)
  if (message === undefined || more.length > 0) throw new Error('the state is not one message')
  return message
}
