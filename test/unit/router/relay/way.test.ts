/** What a relay refuses of the way in an opening, whoever wrote it. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RelayedWay } from '../../../../src/amqp/flow-transport.ts'
import { MAX_HOPS } from '../../../../src/amqp/limits.ts'
import { onward, type RefusalCause, refusalOf, type Sender } from '../../../../src/router/relay/way.ts'
import { relayedWay } from '../../../support/flow-request-arbitraries.ts'

const id = (letter: string) => letter.repeat(32)
const HERE = { cluster: 'here', router: id('0') }
const [NEXT, ORIGIN, BETWEEN, LAST] = [id('1'), id('a'), id('b'), id('c')]

/** From the router next to us, which is the origin. */
const fromOrigin: Sender = { cluster: 'west', router: ORIGIN, name: 'west/router' }
/** From a relay. */
const fromRelay: Sender = { cluster: 'south', router: BETWEEN, name: 'south/router' }

const way: RelayedWay = {
  path: [HERE.router, NEXT],
  travelled: [],
  cluster: 'east',
  origin: { cluster: 'west', router: ORIGIN, name: 'west/router' },
}
const relayedWayHere: RelayedWay = { ...way, travelled: [BETWEEN] }
const longPath = Array.from({ length: MAX_HOPS }, (_, index) => index.toString(16).padStart(32, '9'))

interface Situation {
  readonly name: string
  readonly way: RelayedWay
  readonly from: Sender
  readonly cause: RefusalCause | undefined
}

const situations: readonly Situation[] = [
  { name: 'one hop from its origin', way, from: fromOrigin, cause: undefined },
  { name: 'from another relay', way: relayedWayHere, from: fromRelay, cause: undefined },
  {
    name: 'for this router',
    way: { ...way, path: [HERE.router], cluster: 'here' },
    from: fromOrigin,
    cause: undefined,
  },
  {
    name: 'for another router first',
    way: { ...way, path: [NEXT, HERE.router] },
    from: fromOrigin,
    cause: 'path',
  },
  { name: 'for nobody', way: { ...way, path: [] }, from: fromOrigin, cause: 'path' },
  {
    name: 'over as many hops as there may be',
    way: { ...way, path: [HERE.router, ...longPath.slice(1)] },
    from: fromOrigin,
    cause: undefined,
  },
  {
    name: 'over one hop more, those behind counted',
    way: { ...relayedWayHere, path: [HERE.router, ...longPath.slice(1)] },
    from: fromRelay,
    cause: 'hops',
  },
  {
    name: 'twice over this router',
    way: { ...way, path: [HERE.router, NEXT, HERE.router] },
    from: fromOrigin,
    cause: 'loop',
  },
  {
    name: 'twice over another',
    way: { ...way, path: [HERE.router, NEXT, LAST, NEXT] },
    from: fromOrigin,
    cause: 'loop',
  },
  {
    name: 'back to its origin',
    way: { ...way, path: [HERE.router, ORIGIN] },
    from: fromOrigin,
    cause: 'loop',
  },
  {
    name: 'back to a relay behind it',
    way: { ...relayedWayHere, path: [HERE.router, BETWEEN] },
    from: fromRelay,
    cause: 'loop',
  },
  {
    name: 'from an origin of a cluster that the certificate of its sender does not name',
    way: { ...way, origin: { ...way.origin, cluster: 'north' } },
    from: fromOrigin,
    cause: 'origin',
  },
  {
    name: 'from an origin of another name than its sender',
    way: { ...way, origin: { ...way.origin, name: 'west/other' } },
    from: fromOrigin,
    cause: 'origin',
  },
  { name: 'from an origin that is not its sender', way, from: fromRelay, cause: 'origin' },
  {
    name: 'from a relay that is not the last it has travelled over',
    way: { ...way, travelled: [BETWEEN, LAST] },
    from: fromRelay,
    cause: 'origin',
  },
  {
    name: 'from a sender that tells no process',
    way,
    from: { ...fromOrigin, router: undefined },
    cause: 'origin',
  },
  {
    name: 'from an origin of our own cluster, as a relay of another says',
    way: { ...relayedWayHere, origin: { ...way.origin, cluster: 'here' } },
    from: fromRelay,
    cause: 'origin',
  },
  {
    name: 'from an origin of our own cluster, as a relay of our own says',
    way: { ...relayedWayHere, origin: { ...way.origin, cluster: 'here' } },
    from: { ...fromRelay, cluster: 'here' },
    cause: undefined,
  },
  {
    name: 'for another cluster, although it ends here',
    way: { ...way, path: [HERE.router], cluster: 'east' },
    from: fromOrigin,
    cause: 'cluster',
  },
]

test.each(situations)('a flow $name', ({ way: told, from, cause }) => {
  const refusal = refusalOf(told, HERE, from)
  expect(refusal?.cause).toBe(cause)
  const condition = cause === 'origin' ? 'amqp:unauthorized-access' : 'fairlead:no-route'
  if (refusal !== undefined) expect(refusal.error.condition).toBe(condition)
})

test('a way that is passed on gets no longer, keeps its origin and never comes back', () => {
  fc.assert(
    fc.property(relayedWay, (told) => {
      const next = onward(told)
      expect(next.path.length + next.travelled.length).toBe(told.path.length + told.travelled.length)
      expect([...next.travelled, ...next.path]).toEqual([...told.travelled, ...told.path])
      expect([next.origin, next.cluster]).toEqual([told.origin, told.cluster])
      expect(next.path.length).toBe(told.path.length - 1)
    }),
  )
})
