/** What must hold when flows are lost and resumed, case by case; model.test.ts has the rest. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import type {
  FlowChannel,
  FlowError,
  FlowPosition,
  FlowRequest,
} from '../../../../src/amqp/flow-transport.ts'
import { ClosedFlows } from '../../../../src/router/resume/closed-flows.ts'
import { NOBODY } from '../../../../src/router/resume/nobody.ts'
import {
  GRACE_MS,
  type JoinedLine,
  Owner,
  patternOf,
  ResumeWorld,
  TCP_REQUEST,
  type WorldOptions,
} from '../../../support/resume-world.ts'

const FROM_WEST = patternOf(1, 1024 * 1024)
const FROM_EAST = patternOf(2, 1024 * 1024)

let world: ResumeWorld
let line: JoinedLine
let west: Owner
let east: Owner
let requests: FlowRequest[]

function begin(options: WorldOptions = {}): void {
  requests = []
  east = new Owner(FROM_EAST, FROM_WEST)
  world = new ResumeWorld((request, channel) => {
    requests.push(request)
    east.channel = channel
    return east
  }, options)
  line = world.join()
  west = new Owner(FROM_WEST, FROM_EAST)
}

function open(request = TCP_REQUEST): void {
  line.west.open(request, (channel) => {
    west.channel = channel
    return west
  })
}

function openAccepted(): void {
  open()
  world.settle()
  east.channel?.accept()
  world.settle()
}

/** The line is gone, and both ends know. */
function lose(lost = line): void {
  lost.line.west.lose()
  lost.line.east.lose()
}

function finish(): void {
  world.settle()
  for (const owner of [west, east]) {
    owner.end()
    owner.read(Number.POSITIVE_INFINITY)
  }
  world.settle()
}

async function metric(side: 'west' | 'east', name: string): Promise<number> {
  const text = await world[side].metrics.text()
  const found = text.split('\n').find((entry) => entry.startsWith(`fairlead_router_${name} `))
  return Number(found?.split(' ').at(-1) ?? 0)
}

function resumes(result: string): string {
  return `flow_resumes_total{result="${result}"}`
}

function conditionOf({ outcome }: Owner): string | undefined {
  return typeof outcome === 'object' ? outcome.condition : outcome
}

beforeEach(() => begin())

describe('a flow that lost its line', () => {
  test('goes on from the last byte that arrived, and sends only the rest again', async () => {
    openAccepted()
    west.write(1000)
    line.line.east.deliver()
    west.write(500)
    lose()
    world.join()
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
    expect(east.received).toBe(1500)
    expect(await metric('west', 'retransmitted_bytes_total')).toBe(500)
    expect(await metric('west', resumes('resumed'))).toBe(1)
    expect([west.channel?.resumptions, east.channel?.resumptions]).toEqual([1, 1])
  })

  test('is not resumed from the beginning: nothing that was acknowledged is kept', async () => {
    openAccepted()
    west.write(1000)
    world.settle()
    expect(await metric('west', 'retained_bytes')).toBe(1000)
    east.read(1000)
    world.settle()
    expect(await metric('west', 'retained_bytes')).toBe(0)
  })

  test('takes no more bytes than one read while it waits, and says so when it goes on', () => {
    openAccepted()
    expect(west.channel?.writable).toBeGreaterThan(0)
    lose()
    expect(west.channel?.writable).toBe(0)
    west.write(70_000)
    expect(west.channel?.writable).toBe(0)
    world.join()
    world.settle()
    east.read(Number.POSITIVE_INFINITY)
    world.settle()
    expect(west.drains).toBeGreaterThan(0)
    finish()
    expect(east.received).toBe(70_000)
  })

  test('remembers what was read meanwhile', () => {
    openAccepted()
    west.write(60_000)
    world.settle()
    lose()
    east.read(60_000)
    world.join()
    world.settle()
    west.write(60_000)
    finish()
    expect(east.received).toBe(120_000)
    expect(world.east.budget.held).toBe(0)
  })

  test('is resumed on a connection that stood before the loss', () => {
    openAccepted()
    world.join()
    west.write(100)
    lose()
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('is resumed on a draining connection when there is no other', () => {
    openAccepted()
    lose()
    world.join().line.west.draining = true
    west.write(100)
    finish()
    expect(east.received).toBe(100)
  })

  test('is taken over while the other end believes the old connection alive', () => {
    openAccepted()
    west.write(100)
    east.write(100)
    line.line.west.lose()
    world.join()
    world.settle()
    line.line.deliverAll()
    finish()
    expect([west.received, east.received]).toEqual([100, 100])
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('is tried again when the connection it was to be resumed on is lost too', () => {
    openAccepted()
    lose()
    const second = world.join()
    world.clock.advance(1)
    lose(second)
    world.join()
    world.clock.advance(2_000)
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('does not fall for an attempt that arrives after a later one', () => {
    openAccepted()
    lose()
    const second = world.join()
    world.clock.advance(1)
    second.line.west.lose()
    const third = world.join()
    world.clock.advance(2_000)
    third.line.deliverAll()
    east.write(100)
    third.line.deliverAll()
    west.read(100)
    third.line.deliverAll()
    while (second.line.east.deliver()) {}
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })
})

describe('the end', () => {
  test('comes after all bytes, however often the line is lost', () => {
    openAccepted()
    west.write(40_000)
    west.end()
    for (let round = 0; round < 5; round++) {
      world.lines.at(-1)?.line.east.deliver()
      lose(world.lines.at(-1))
      world.join()
      world.clock.advance(1_000)
    }
    finish()
    expect(east.received).toBe(40_000)
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('is well when only the answer to the last half-close was lost', async () => {
    openAccepted()
    west.end()
    world.settle()
    east.end()
    line.line.west.deliver()
    lose()
    world.join()
    world.settle()
    world.clock.advance(GRACE_MS)
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('is well at the opener when the last acknowledgements were lost and the other end has forgotten the flow', () => {
    openAccepted()
    west.write(100)
    west.end()
    world.settle()
    east.end()
    line.line.west.deliver()
    east.read(100)
    while (line.line.east.deliver()) {}
    expect([west.outcome, east.outcome]).toEqual([undefined, 'closed'])
    lose()
    world.join()
    world.settle()
    expect(west.outcome).toBe('closed')
    expect(world.west.keeper.suspendedFlows).toBe(0)
  })

  test('is well at the other end when the opener has forgotten the flow', () => {
    openAccepted()
    east.write(100)
    east.end()
    world.settle()
    west.end()
    line.line.east.deliver()
    west.read(100)
    while (line.line.west.deliver()) {}
    expect([west.outcome, east.outcome]).toEqual(['closed', undefined])
    lose()
    world.join()
    world.clock.advance(6_000)
    expect(east.outcome).toBe('closed')
  })

  test('of a reset while there is no line is told when there is one', () => {
    openAccepted()
    lose()
    west.reset()
    world.join()
    world.settle()
    expect(conditionOf(east)).toBe('fairlead:reset')
    expect(world.west.keeper.suspendedFlows).toBe(0)
  })

  test("of the other end's reset while there is no line is told when there is one", () => {
    openAccepted()
    lose()
    east.reset()
    world.join()
    world.settle()
    expect(conditionOf(west)).toBe('fairlead:reset')
    expect(world.east.keeper.suspendedFlows).toBe(0)
  })

  test('is a reset of both when no line comes back within the grace time', async () => {
    openAccepted()
    west.write(100)
    lose()
    world.clock.advance(GRACE_MS - 1_000)
    expect([west.over, east.over]).toEqual([false, false])
    world.clock.advance(1_300)
    expect([conditionOf(west), conditionOf(east)]).toEqual(['fairlead:link-lost', 'fairlead:link-lost'])
    expect(await metric('west', resumes('expired'))).toBe(1)
    expect(await metric('west', 'retained_bytes')).toBe(0)
  })

  test('comes early at the end that accepted, when the opener could ask for the flow and does not', async () => {
    openAccepted()
    line.line.east.lose()
    world.join()
    world.clock.advance(6_000)
    expect(conditionOf(east)).toBe('fairlead:link-lost')
    expect(await metric('east', resumes('abandoned'))).toBe(1)
  })

  test('comes with the end of the process at the other side', async () => {
    openAccepted()
    lose()
    world.east.restart()
    world.join()
    world.settle()
    expect(conditionOf(west)).toBe('fairlead:link-lost')
    expect(await metric('west', resumes('restarted'))).toBe(1)
  })

  test('comes also for flows whose old connection nobody has missed yet', () => {
    openAccepted()
    world.east.restart()
    world.join()
    expect(line.line.west.usable).toBe(false)
    expect(conditionOf(west)).toBe('fairlead:link-lost')
  })

  test('comes at once when the other router says that it stops, and what is opened after is resumed again', () => {
    openAccepted()
    line.line.west.lose()
    line.west.closed(true)
    expect(conditionOf(west)).toBe('fairlead:stopped')
    line = world.join()
    west = new Owner(FROM_WEST, FROM_EAST)
    openAccepted()
    lose()
    expect(west.over).toBe(false)
  })
})

describe('before the flow is accepted', () => {
  test('a loss is told at once while nothing was written, so that the flow can be opened elsewhere', () => {
    open()
    world.settle()
    lose()
    expect(conditionOf(west)).toBe('fairlead:link-lost')
    world.join()
    world.settle()
    world.clock.advance(300)
    world.settle()
    expect(conditionOf(east)).toBe('fairlead:reset')
  })

  test('a flow that carried bytes is resumed and accepted later', () => {
    open()
    west.write(100)
    world.settle()
    lose()
    world.join()
    world.settle()
    expect(west.accepted).toBe(false)
    east.channel?.accept()
    finish()
    expect(west.accepted).toBe(true)
    expect(east.received).toBe(100)
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('a flow whose opening was lost with the line is reset: nobody can know whether it arrived', async () => {
    open()
    west.write(100)
    lose()
    world.join()
    world.settle()
    expect(conditionOf(west)).toBe('fairlead:unknown-flow')
    expect(requests).toEqual([])
    expect(await metric('west', resumes('refused'))).toBe(1)
  })

  test('a refusal while there is no line reaches the opener, which may go elsewhere', () => {
    open()
    west.write(100)
    world.settle()
    lose()
    east.outcome = 'reset'
    east.channel?.reset({ condition: 'fairlead:connect-failed', description: 'nobody there' })
    world.join()
    world.settle()
    expect(conditionOf(west)).toBe('fairlead:connect-failed')
  })
})

describe('a peer that is wrong', () => {
  /** What a peer that knows the token gets for this position. */
  function claim(at: FlowPosition, token = requests[0]?.resumable?.token ?? ''): FlowError | 'accepted' {
    let answer: FlowError | 'accepted' | undefined
    const channel: FlowChannel = {
      id: 'claimed',
      writable: 1000,
      dropped: 0,
      write() {},
      end() {},
      consumed() {},
      accept() {
        answer ??= 'accepted'
      },
      reset(error) {
        answer ??= error
      },
    }
    line.east.accept({ ...TCP_REQUEST, resumable: { token, graceMs: 1000, at } }, channel)
    if (answer === undefined) throw new Error('no answer')
    return answer
  }

  beforeEach(() => {
    openAccepted()
    east.write(1000)
    world.settle()
    west.read(400)
    world.settle()
  })

  test('about bytes that were never sent ends the flow', () => {
    expect(claim({ received: 1001, ended: false })).toMatchObject({ condition: 'amqp:not-allowed' })
    world.settle()
    expect([conditionOf(west), conditionOf(east)]).toEqual(['amqp:not-allowed', 'amqp:not-allowed'])
  })

  test('about an end that was never sent ends the flow', () => {
    expect(claim({ received: 1000, ended: true })).toMatchObject({ condition: 'amqp:not-allowed' })
    expect(conditionOf(east)).toBe('amqp:not-allowed')
  })

  test('about bytes it has acknowledged is late, and the flow goes on', () => {
    expect(claim({ received: 399, ended: false })).toMatchObject({ condition: 'fairlead:unknown-flow' })
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('about a flow that has ended well gets its end again, and bytes behind that are held by nobody', () => {
    finish()
    const answers: string[] = []
    const token = requests[0]?.resumable?.token ?? ''
    const resumable = { token, graceMs: 1000, at: { received: 1000, ended: false } }
    const again = line.west.openRaw({ ...TCP_REQUEST, resumable }, () => {
      const note = (call: string) => () => void answers.push(call)
      const onReset = ({ condition }: FlowError) => void answers.push(condition)
      return { ...NOBODY, onAccept: note('accepted'), onEnd: note('ended'), onReset }
    })
    again.write(Buffer.from('more'))
    world.settle()
    expect(answers).toEqual(['accepted', 'ended', 'amqp:not-allowed'])
  })

  test('about the token gets nothing', () => {
    const token = '0'.repeat(32)
    expect(claim({ received: 0, ended: false }, token)).toMatchObject({ condition: 'fairlead:unknown-flow' })
  })

  test('opens no second flow under one token', () => {
    const [request] = requests
    if (request === undefined) throw new Error('no request')
    let refusal: FlowError | undefined
    const channel = {
      reset(error: FlowError) {
        refusal = error
      },
    }
    line.east.accept(request, channel as unknown as FlowChannel)
    expect(refusal).toMatchObject({ condition: 'amqp:not-allowed' })
    expect(requests).toHaveLength(1)
  })

  test('about what another process opened gets nothing', () => {
    world.west.instance = 'f'.repeat(32)
    line = world.join()
    expect(claim({ received: 1000, ended: false })).toMatchObject({ condition: 'fairlead:unknown-flow' })
  })
})

describe('bounds', () => {
  test('the flow that waits longest makes room for the newest', async () => {
    begin({ west: { maxSuspendedFlows: 1 } })
    openAccepted()
    const first = west
    west = new Owner(FROM_WEST, FROM_EAST)
    openAccepted()
    lose()
    expect(conditionOf(first)).toBe('fairlead:link-lost')
    expect(west.over).toBe(false)
    expect(await metric('west', resumes('evicted'))).toBe(1)
    expect(await metric('west', 'flows_suspended')).toBe(1)
  })

  test('waiting flows may hold only so many bytes', () => {
    begin({ west: { maxSuspendedBytes: 1000 } })
    openAccepted()
    west.write(1001)
    lose()
    expect(conditionOf(west)).toBe('fairlead:link-lost')
  })

  test('what is written while flows wait counts as well', () => {
    begin({ west: { maxSuspendedBytes: 1000 } })
    openAccepted()
    lose()
    west.write(1001)
    expect(west.over).toBe(false)
    world.clock.advance(2)
    expect(conditionOf(west)).toBe('fairlead:link-lost')
  })

  test('a flow whose bytes a backend may have seen never ends as one that was refused and may be opened elsewhere', () => {
    begin({ west: { maxSuspendedFlows: 0 } })
    open()
    west.write(100)
    line.line.east.deliver()
    line.line.east.deliver()
    expect(east.received).toBe(100)
    lose()
    expect(conditionOf(west)).toBe('fairlead:link-lost')
  })

  test('a connection without room for more flows is asked again until it has some', () => {
    openAccepted()
    west.write(1000)
    lose()
    line = world.join()
    line.line.west.full = true
    world.settle()
    world.clock.advance(1_000)
    world.settle()
    line.line.west.full = false
    world.clock.advance(2_000)
    finish()
    expect([west.outcome, east.outcome]).toEqual(['closed', 'closed'])
  })

  test('without memory a flow keeps no more than its base, and goes on as that is acknowledged', () => {
    begin({ budgetBytes: 0, window: 1024 * 1024 })
    openAccepted()
    west.write(60_000)
    expect(west.channel?.writable).toBe(64 * 1024 - 60_000)
    west.write(10_000)
    expect(west.channel?.writable).toBeLessThanOrEqual(0)
    world.settle()
    east.read(70_000)
    world.settle()
    expect(west.drains).toBe(1)
    expect(west.channel?.writable).toBe(64 * 1024)
  })

  test('what is kept leaves half of the memory to what comes in', () => {
    begin({ budgetBytes: 400_000, window: 1024 * 1024 })
    openAccepted()
    west.write(150_000)
    expect(west.channel?.writable).toBe(50_000)
    west.write(50_000)
    expect(west.channel?.writable).toBeLessThanOrEqual(0)
  })

  test('nothing is kept of a flow with a peer that cannot resume', () => {
    openAccepted()
    west = new Owner(FROM_WEST, FROM_EAST)
    const stranger = world.joinStranger()
    stranger.west.open(TCP_REQUEST, (channel) => {
      west.channel = channel
      return west
    })
    world.settle()
    east.channel?.accept()
    world.settle()
    west.write(1000)
    expect(world.west.budget.held).toBe(0)
    lose(stranger)
    expect(conditionOf(west)).toBe('fairlead:link-lost')
  })

  test('a policy of no grace passes the layer by', () => {
    begin({ graceMs: 0 })
    openAccepted()
    expect(requests[0]?.resumable).toBeUndefined()
    lose()
    expect([conditionOf(west), conditionOf(east)]).toEqual(['fairlead:link-lost', 'fairlead:link-lost'])
  })

  test('nothing runs when no flow waits', () => {
    openAccepted()
    finish()
    expect(world.clock.pending).toBe(0)
  })

  test('of the processes that are gone only so many are remembered', () => {
    lose()
    for (let count = 0; count < 100; count++) lose(world.joinFrom(`west/${count}`))
    expect(world.east.keeper.processes.size).toBe(64)
  })

  test('of the flows that ended only so many are remembered', () => {
    const closed = new ClosedFlows(2)
    for (const token of ['a', 'b', 'c']) closed.add(token, { received: 1, sent: 2 })
    const channel = { accept() {}, end() {} } as unknown as FlowChannel
    const known = ['a', 'b', 'c'].map((token) => closed.answer(token, { received: 2, ended: true }, channel))
    expect(known.map((answer) => answer !== undefined)).toEqual([false, true, true])
    expect(closed.answer('c', { received: 1, ended: true }, channel)).toBeUndefined()
  })

  test('a router that stops resets what waits, and what would have to', () => {
    openAccepted()
    const waiting = west
    lose()
    line = world.join()
    west = new Owner(FROM_WEST, FROM_EAST)
    open()
    line.line.deliverAll()
    east.channel?.accept()
    line.line.deliverAll()
    world.west.keeper.stop({ condition: 'fairlead:stopped', description: 'over' })
    expect(conditionOf(waiting)).toBe('fairlead:stopped')
    lose()
    expect(conditionOf(west)).toBe('fairlead:stopped')
  })
})

test('many flows that wait for one line are resumed a few hundred at a time', () => {
  const owners: [Owner, Owner][] = []
  const mine = new ResumeWorld((_request, channel) => {
    const owner = new Owner(FROM_EAST, FROM_WEST)
    owner.channel = channel
    owners.at(-1)?.splice(1, 1, owner)
    channel.accept()
    return owner
  })
  const first = mine.join()
  for (let count = 0; count < 600; count++) {
    owners.push([new Owner(FROM_WEST, FROM_EAST), new Owner(FROM_EAST, FROM_WEST)])
    first.west.open(TCP_REQUEST, (channel) => {
      const owner = owners.at(-1)?.[0] as Owner
      owner.channel = channel
      return owner
    })
    mine.settle()
  }
  lose(first)
  expect(mine.west.keeper.suspendedFlows).toBe(600)
  const second = mine.join()
  mine.clock.advance(1)
  expect(second.west.openFlows).toBe(256)
  mine.settle()
  expect(mine.west.keeper.suspendedFlows).toBe(0)
  for (const [opener] of owners) opener.write(10)
  mine.settle()
  expect(owners.every(([, taker]) => taker.received === 10)).toBe(true)
})

describe('datagrams', () => {
  test('are dropped and counted while there is no line, and flow again after', () => {
    open({ ...TCP_REQUEST, protocol: 'UDP' })
    world.settle()
    east.channel?.accept()
    world.settle()
    west.write(10)
    world.settle()
    expect(east.received).toBe(10)
    lose()
    west.channel?.write(Buffer.from('lost'))
    expect(west.channel?.dropped).toBe(1)
    world.join()
    world.settle()
    west.write(10)
    finish()
    expect(east.received).toBe(20)
    expect(west.channel?.dropped).toBe(1)
  })
})
