import { expect, test } from '@jest/globals'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { Outdone } from '../../../src/link/messages.ts'
import { OutdoneReport } from '../../../src/link/outdone.ts'

function reporting(epoch: Snapshot<number>) {
  const sent: Outdone[] = []
  return { sent, report: new OutdoneReport({ send: (message) => void sent.push(message) }, epoch) }
}

const speaking = (max: number) => ({ protocol: { min: 1, max } })

test('the epoch is told at once, and again when it grows', () => {
  const epoch = new Snapshot(7)
  const { sent, report } = reporting(epoch)
  report.start(speaking(3))
  epoch.set(9)
  report.stop()
  epoch.set(11)
  expect(sent.map((message) => message.epoch)).toEqual([7, 9])
})

test('nothing is told when nothing is known, nor to a peer that does not know the message', () => {
  const [none, old] = [reporting(new Snapshot(0)), reporting(new Snapshot(7))]
  none.report.start(speaking(3))
  old.report.start(speaking(2))
  expect([none.sent, old.sent]).toEqual([[], []])
})
