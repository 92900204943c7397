/** States of clusters, signed by whoever a test likes. */
import type { OriginState } from '../../src/api/service-record.ts'
import { CredentialFolder } from '../../src/link/credential-folder.ts'
import { originParts } from '../../src/link/message-codec.ts'
import type { DirectoryOrigin } from '../../src/link/messages.ts'
import { OriginDigest } from '../../src/link/origin-digest.ts'
import { certificateIdentity, type Role } from '../../src/pki/identity.ts'
import { Signer, SigningContext } from '../../src/pki/signatures.ts'
import type { TestClusterset } from './clusterset.ts'

export type SignOrigin = (state: OriginState) => OriginState

/** The TLS files of a folder, and who they say is their owner. */
export async function credentialsIn(tlsDir: string) {
  const files = await new CredentialFolder(tlsDir).read()
  return { ...files, identity: certificateIdentity(files.certificate) }
}

/** Signs with the certificate in a folder of TLS files. */
export async function signingWith(tlsDir: string): Promise<SignOrigin> {
  const tls = await credentialsIn(tlsDir)
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
