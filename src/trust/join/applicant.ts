/**
 * Who a certificate request is of. Only requests that came with a known code get here.
 */
import { createHash } from 'node:crypto'
import { FairleadError } from '../../core/errors.ts'
import { readAuthorityRequest } from '../../pki/cluster-authority.ts'
import type { Applicant } from './redemption-rules.ts'

/** Undefined when it is no request for the authority of one cluster, signed by the key that is asked for. */
export async function readApplicant(request: string): Promise<Applicant | undefined> {
  try {
    const { clusterset, cluster, publicKey } = await readAuthorityRequest(request)
    const spki = Buffer.from(await crypto.subtle.exportKey('spki', publicKey))
    return { clusterset, cluster, key: createHash('sha256').update(spki).digest('hex') }
  } catch (error) {
    if (error instanceof FairleadError) return undefined
    throw error
  }
}
