/**
 * What can go wrong in the resolver itself. Bad queries are no errors: they are answered.
 */
import { FairleadError } from '../core/errors.ts'

/** The listening address cannot be used. */
export class DnsListenError extends FairleadError {
  override readonly name = 'DnsListenError'

  constructor(host: string, port: number, cause: unknown) {
    super('dns-listen', `cannot serve DNS at ${host} port ${port}`, { cause })
  }
}
