/** One direction of a slow connection, on a clock moved by hand. */
import { expect, test } from '@jest/globals'
import { DelayLine } from '../../../../src/lab/slow/delay-line.ts'
import { type PathShape, QUIET } from '../../../../src/lab/slow/path-shape.ts'
import { parseAnswer } from '../../../../src/lab/slow/wanted-end.ts'
import { HandClock } from '../../../support/hand-clock.ts'

/** A line that draws these numbers, and 0.99 when there are no more. */
function lineOf(shape: PathShape, draws: number[] = []) {
  const clock = new HandClock()
  const state = { shape, arrived: [] as string[] }
  const line = new DelayLine({ clock, random: () => draws.shift() ?? 0.99 }, () => state.shape)
  const send = (name: string, bytes = 100): void => line.send(bytes, () => void state.arrived.push(name))
  return { clock, line, send, state }
}

test('what is sent arrives after the delay and not before, however much it is', () => {
  const { clock, line, send, state } = lineOf({ ...QUIET, delayMs: 300 })
  send('a')
  clock.advance(100)
  send('b', 1_000_000)
  expect(line.onTheWay).toBe(1_000_100)
  clock.advance(199)
  expect(state.arrived).toEqual([])
  clock.advance(1)
  expect(state.arrived).toEqual(['a'])
  clock.advance(100)
  expect(state.arrived).toEqual(['a', 'b'])
  expect(line.onTheWay).toBe(0)
})

test('a lost segment holds up all behind it until it was sent again', () => {
  const { clock, send, state } = lineOf({ delayMs: 300, jitterMs: 0, lossPercent: 3 }, [0.5, 0.01])
  send('lost')
  send('behind')
  clock.advance(300 + 799)
  expect(state.arrived).toEqual([])
  clock.advance(1)
  expect(state.arrived).toEqual(['lost', 'behind'])
})

test('a segment that is lost again waits twice as long for the next time', () => {
  const { clock, send, state } = lineOf({ delayMs: 300, jitterMs: 0, lossPercent: 3 }, [0.5, 0.01, 0.01])
  send('twice')
  clock.advance(300 + 800 + 1_599)
  expect(state.arrived).toEqual([])
  clock.advance(1)
  expect(state.arrived).toEqual(['twice'])
})

test('jitter changes when something arrives, never the order', () => {
  const { clock, send, state } = lineOf({ delayMs: 100, jitterMs: 50, lossPercent: 0 }, [1, 0])
  send('late')
  send('early')
  clock.advance(149)
  expect(state.arrived).toEqual([])
  clock.advance(1)
  expect(state.arrived).toEqual(['late', 'early'])
})

test('a quiet line passes at once, but not past what is on its way', () => {
  const { clock, send, state } = lineOf({ ...QUIET, delayMs: 50 })
  send('slow')
  state.shape = QUIET
  send('behind')
  expect(state.arrived).toEqual([])
  clock.advance(50)
  send('quick')
  expect(state.arrived).toEqual(['slow', 'behind', 'quick'])
})

test('what a connection wanted is read from what nft says', () => {
  const answer =
    'table ip t {\n\tmap asked {\n\t\telements = { "pod0.5" . 36580 expires 4s996ms : 4321 }\n\t}\n}\n'
  expect(parseAnswer(answer, '"pod0.5" . 36580')).toBe('4321')
  const six = '\t\telements = { "pod0.5" . 36580 expires 4s996ms : fd00:31::b }\n'
  expect(parseAnswer(six, '"pod0.5" . 36580')).toBe('fd00:31::b')
  expect(() => parseAnswer('', '"pod0.5" . 1')).toThrow('nobody knows')
})
