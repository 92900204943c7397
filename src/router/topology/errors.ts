/**
 * What a neighbour did that no honest router does.
 */
import { FairleadError } from '../../core/errors.ts'

/** The session with the neighbour must end. `kind` says which rule was broken. */
export class TopologyViolation extends FairleadError {
  override readonly name = 'TopologyViolation'
  readonly kind: 'invalid' | 'limit' | 'forged'

  constructor(kind: TopologyViolation['kind'], message: string) {
    super('topology-violation', message)
    this.kind = kind
  }
}
