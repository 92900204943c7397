/** The table of associations against a model: bounded, no client gets another's, and only the idle make room. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Allowance } from '../../../../src/router/udp/allowance.ts'
import { AssociationTable, type TableMember } from '../../../../src/router/udp/association-table.ts'
import { EVICT_IDLE_MS } from '../../../../src/router/udp/limits.ts'

interface Member extends TableMember {
  lastUsed: number
}

const TABLE_MAX = 6
const ALL_MAX = 9

const action = fc.oneof(
  fc.record({ kind: fc.constantFrom('datagram', 'end'), table: fc.nat(1), client: fc.nat(15) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(2 * EVICT_IDLE_MS) }),
)

/** One table and what should be in it. */
class Modelled {
  readonly table: AssociationTable<Member>
  readonly model = new Map<string, Member>()

  constructor(places: Allowance) {
    this.table = new AssociationTable<Member>(places, TABLE_MAX)
  }

  /** As a listener does. */
  datagram(client: string, now: number): void {
    const member = this.table.get(client)
    expect(member).toBe(this.model.get(client))
    if (member !== undefined) member.lastUsed = now
    else this.#admit({ client, lastUsed: now }, now)
  }

  end(client: string): void {
    const member = this.model.get(client)
    if (member !== undefined) this.table.delete(member)
    this.model.delete(client)
  }

  #admit(member: Member, now: number): void {
    const evicted = this.table.full ? this.table.idlest(now) : undefined
    if (evicted !== undefined) {
      expect(now - evicted.lastUsed).toBeGreaterThanOrEqual(EVICT_IDLE_MS)
      this.end(evicted.client)
    }
    if (this.table.full) return
    this.table.add(member)
    this.model.set(member.client, member)
  }
}

test('tables stay within their bounds, keep clients apart, and only an idle member goes for a new one', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const places = new Allowance(ALL_MAX)
      const tables = [new Modelled(places), new Modelled(places)]
      let now = 0
      for (const each of actions) {
        if ('ms' in each) now += each.ms
        else if (each.kind === 'end') tables[each.table]?.end(`client ${each.client}`)
        else tables[each.table]?.datagram(`client ${each.client}`, now)
        const sizes = tables.map(({ table }) => table.size)
        expect(sizes).toEqual(tables.map(({ model }) => model.size))
        expect(Math.max(...sizes)).toBeLessThanOrEqual(TABLE_MAX)
        expect(places.taken).toBe(sizes.reduce((sum, size) => sum + size))
        expect(places.taken).toBeLessThanOrEqual(ALL_MAX)
      }
    }),
  )
})

test('the member idle for longest goes first', () => {
  const table = new AssociationTable<Member>(new Allowance(3), 3)
  for (const [index, client] of ['a', 'b', 'c'].entries()) table.add({ client, lastUsed: 100 - index })
  expect(table.idlest(100 + EVICT_IDLE_MS)?.client).toBe('c')
})

test('a member whose client has another one by now is not taken out for it', () => {
  const table = new AssociationTable<Member>(new Allowance(3), 3)
  const older = { client: 'a', lastUsed: 0 }
  const newer = { client: 'a', lastUsed: 0 }
  table.add(older)
  table.delete(older)
  table.add(newer)
  table.delete(older)
  expect(table.get('a')).toBe(newer)
})
