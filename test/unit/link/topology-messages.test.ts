import { expect, test } from '@jest/globals'
import {
  MAX_ADVERTISEMENT_BYTES,
  MAX_LISTED_ROUTERS,
  MAX_NEIGHBOURS,
  MAX_PROOF,
  MAX_ROUTER_NAME,
} from '../../../src/api/limits.ts'
import { MAX_MESSAGE_BYTES } from '../../../src/link/limits.ts'
import { MessageCodec } from '../../../src/link/message-codec.ts'
import type { ControlMessage } from '../../../src/link/messages.ts'

const codec = new MessageCodec()
const id = (number: number) => number.toString(16).padStart(32, '0')
const said = {
  router: id(1),
  name: 'fairlead-router-5d4f-x2x9z',
  cluster: 'east',
  sequence: 3,
  draining: false,
  neighbours: [[id(2), 1, 5]],
}
const change = {
  router: id(1),
  age: 0,
  from: 3,
  to: 4,
  draining: true,
  upserts: [[id(3), 7, 1]],
  removes: [id(2)],
}
const update = (advertisement: object, changes: readonly object[] = []) => ({
  type: 'topology',
  advertisements: [{ age: 12, advertisement }],
  changes,
})

const read = (message: unknown) => codec.decode(Buffer.from(JSON.stringify(message)))

test.each([
  ['a digest', { type: 'topology-digest', part: 0, last: true, routers: [[id(1), 4]] }],
  ['an update', update(said, [change])],
  ['an update with signatures', update({ ...said, proof: 'c2ln' }, [{ ...change, proof: 'c2ln' }])],
  ['a request', { type: 'topology-request', routers: [id(1)] }],
])('%s arrives as it was sent', (_what, message) => {
  expect(codec.decode(codec.encode(message as ControlMessage))).toEqual(message)
})

test.each([
  ['a router id that is none', update({ ...said, router: 'me' })],
  ['an id of other letters', update({ ...said, router: id(1).replace(/0/g, 'X') })],
  ['a name with other signs', update({ ...said, name: 'a b' })],
  ['a name that is too long', update({ ...said, name: 'x'.repeat(MAX_ROUTER_NAME + 1) })],
  ['a cost of 0, with which paths could go round', update({ ...said, neighbours: [[id(2), 0, 1]] })],
  ['a cost beyond the bound', update({ ...said, neighbours: [[id(2), 1_000_001, 1]] })],
  ['a round trip beyond the bound', update({ ...said, neighbours: [[id(2), 1, 10_001]] })],
  ['a neighbour without a round trip', update({ ...said, neighbours: [[id(2), 1]] })],
  ['a neighbour with more', update({ ...said, neighbours: [[id(2), 1, 1, 1]] })],
  ['a sequence below 0', update({ ...said, sequence: -1 })],
  ['a sequence without end', update({ ...said, sequence: 2 ** 51 })],
  ['a long signature', update({ ...said, proof: 'x'.repeat(MAX_PROOF + 1) })],
  [
    'too many neighbours',
    update({ ...said, neighbours: Array.from({ length: MAX_NEIGHBOURS + 1 }, (_, at) => [id(at), 1, 1]) }),
  ],
  [
    'too long a list',
    { type: 'topology-request', routers: Array.from({ length: MAX_LISTED_ROUTERS + 1 }, (_, at) => id(at)) },
  ],
])('%s is refused', (_what, message) => {
  expect(() => read(message)).toThrow('message')
})

test('the longest list and the largest update fit a message', () => {
  const routers = Array.from({ length: MAX_LISTED_ROUTERS }, (_, at) => [id(at), 2 ** 50] as const)
  const digest = { type: 'topology-digest', part: 20, last: false, routers } as const
  expect(codec.encode(digest).length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
  expect(MAX_ADVERTISEMENT_BYTES + 512).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
})
