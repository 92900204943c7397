/**
 * The newest trust statement among all places where one may be: a Secret that was lost must not let an older one count.
 */
import type { TrustAnchors } from '../pki/chain.ts'
import type { SignedStatement, StatementReader, TrustStatement } from '../pki/trust-statement.ts'
import { orUndefined } from './attempt.ts'

export interface KnownStatement {
  readonly signed: SignedStatement
  readonly said: TrustStatement
}

/** Those that cannot be read, or that no trusted root signed, are passed over. */
export function newestStatement(
  candidates: readonly (SignedStatement | string | undefined)[],
  trusted: Pick<TrustAnchors, 'clusterset' | 'roots'>,
  reader: StatementReader,
): KnownStatement | undefined {
  return candidates
    .flatMap((candidate) => (candidate === undefined ? [] : (readable(candidate, trusted, reader) ?? [])))
    .reduce<KnownStatement | undefined>(
      (best, next) => (best === undefined || next.said.version > best.said.version ? next : best),
      undefined,
    )
}

function readable(
  candidate: SignedStatement | string,
  trusted: Pick<TrustAnchors, 'clusterset' | 'roots'>,
  reader: StatementReader,
): KnownStatement | undefined {
  return orUndefined(() => {
    const signed = typeof candidate === 'string' ? reader.decode(candidate) : candidate
    return { signed, said: reader.read(signed, trusted) }
  })
}
