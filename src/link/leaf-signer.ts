/**
 * Signs with the certificate that this process has now.
 */
import { type ShownSignature, Signer, type SigningContext } from '../pki/signatures.ts'
import type { TlsCredentials, TlsFiles } from './tls-files.ts'

export class LeafSigner {
  readonly #tls: Pick<TlsFiles, 'current'>
  #known: { readonly of: TlsCredentials; readonly signer: Signer } | undefined

  /** `tls` has to be started before anything is signed. */
  constructor(tls: Pick<TlsFiles, 'current'>) {
    this.#tls = tls
  }

  /** Throws SignatureError when the certificate cannot be shown with a signature. */
  sign(context: SigningContext, data: Buffer): ShownSignature {
    const of = this.#tls.current()
    if (this.#known?.of !== of) this.#known = { of, signer: new Signer(of) }
    return this.#known.signer.sign(context, data)
  }
}
