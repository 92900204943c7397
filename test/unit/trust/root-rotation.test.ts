/** The steps of a root's rotation: at no time does anybody meet a certificate that it does not trust. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KeyPair } from '../../../src/pki/certificates.ts'
import { type RotationInput, rotationStep } from '../../../src/trust/root-rotation.ts'

const KEYS: KeyPair = { certPem: '', keyPem: '' }
const calm: RotationInput = { keys: {}, wanted: false, told: 1, active: 'old', isLast: false, members: [] }
const member = (cluster: string, version?: number, root?: string) => ({ cluster, version, root })

describe('one step', () => {
  test.each<[string, Partial<RotationInput>, object]>([
    ['nothing is wanted', {}, { kind: 'none' }],
    ['a root is wanted', { wanted: true }, { kind: 'begin' }],
    ['it is not told yet', { keys: { next: KEYS }, told: undefined }, { kind: 'spreading', waitsFor: [] }],
    [
      'members do not trust it yet',
      { keys: { next: KEYS }, told: 3, members: [member('b', 2), member('c', 3), member('a')] },
      { kind: 'spreading', waitsFor: ['a', 'b'] },
    ],
    ['all trust it', { keys: { next: KEYS }, told: 3, members: [member('b', 3)] }, { kind: 'activate' }],
    ['nobody else is there', { keys: { next: KEYS }, told: 3 }, { kind: 'activate' }],
    [
      'the old one is about to end',
      { keys: { next: KEYS }, told: 3, isLast: true, members: [member('b', 1)] },
      { kind: 'activate' },
    ],
    [
      'members have authorities of the old one',
      { keys: { old: KEYS }, active: 'new', members: [member('b', 4, 'old'), member('c', 4, 'new')] },
      { kind: 'renewing', waitsFor: ['b'] },
    ],
    [
      'all are renewed',
      { keys: { old: KEYS }, active: 'new', members: [member('b', 4, 'new')] },
      { kind: 'retire' },
    ],
    [
      'the old one has ended',
      { keys: { old: KEYS }, active: 'new', isLast: true, members: [member('b', 4, 'old')] },
      { kind: 'retire' },
    ],
    ['another is wanted meanwhile', { keys: { old: KEYS }, active: 'new', wanted: true }, { kind: 'retire' }],
  ])('%s', (_, input, step) => {
    expect(rotationStep({ ...calm, ...input })).toEqual(step)
  })
})

/** A clusterset in small: who trusts which roots, and whose authority is by which. */
interface World {
  keys: { active: string; next?: string; old?: string }
  statement: { version: number; roots: string[] }
  members: Map<string, { version: number; roots: string[]; root: string }>
  founder: string
}

test('in whatever order members hear and renew, all trust all, and it comes to an end', () => {
  const names = ['a', 'b', 'c']
  const event = fc.oneof(
    fc.constant('look' as const),
    fc.record({ hears: fc.constantFrom(...names) }),
    fc.record({ renews: fc.constantFrom(...names) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const world = begin(names)
      for (const each of events) happen(world, each)
      for (let round = 0; round < 6; round++) {
        for (const name of names) happen(world, { hears: name })
        for (const name of names) happen(world, { renews: name })
        happen(world, 'look')
      }
      expect(world.keys).toEqual({ active: 'new' })
      expect([...world.members.values()].map(({ root }) => root)).toEqual(names.map(() => 'new'))
    }),
  )
})

function begin(names: readonly string[]): World {
  const roots = ['old']
  const members = new Map(names.map((name) => [name, { version: 1, roots, root: 'old' }]))
  return { keys: { active: 'old' }, statement: { version: 1, roots }, members, founder: 'old' }
}

function happen(world: World, event: 'look' | { hears: string } | { renews: string }): void {
  if (event === 'look') look(world)
  else if ('hears' in event) Object.assign(world.members.get(event.hears) ?? {}, world.statement)
  else {
    const member = world.members.get(event.renews)
    if (member !== undefined && member.roots[0] === world.keys.active) member.root = world.keys.active
  }
  const shown = [world.founder, ...[...world.members.values()].map(({ root }) => root)]
  const strangers = [...world.members.values()].flatMap(({ roots }) =>
    shown.filter((root) => !roots.includes(root)),
  )
  if (strangers.length > 0) throw new Error(`somebody meets ${strangers} and does not trust it`)
}

/** As the founder takes a step. */
function look(world: World): void {
  const { keys, statement } = world
  const named = Object.values(keys)
  const isTold = JSON.stringify(named) === JSON.stringify(statement.roots)
  const step = rotationStep({
    keys: { ...(keys.next && { next: KEYS }), ...(keys.old && { old: KEYS }) },
    wanted: keys.active === 'old' && keys.next === undefined,
    told: isTold ? statement.version : undefined,
    active: keys.active,
    isLast: false,
    members: [...world.members].map(([cluster, { version, root }]) => ({ cluster, version, root })),
  })
  if (step.kind === 'begin') world.keys = { active: keys.active, next: 'new' }
  if (step.kind === 'activate' && keys.next) world.keys = { active: keys.next, old: keys.active }
  if (step.kind === 'retire') world.keys = { active: keys.active }
  const roots = Object.values(world.keys)
  if (JSON.stringify(roots) !== JSON.stringify(statement.roots))
    world.statement = { version: statement.version + 1, roots }
  world.founder = world.keys.active
}
