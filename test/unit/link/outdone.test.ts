import { expect, test } from '@jest/globals'
import { Snapshot } from '../../../src/core/snapshot.ts'
import type { Outdone } from '../../../src/link/messages.ts'
import { OutdoneReport } from '../../../src/link/outdone.ts'

function reporting(epoch: Snapshot<number>) {
  const sent: Outdone[] = []
  return { sent, report: new OutdoneReport({ send: (message) => void sent.push(message) }, epoch) }
}

test('the epoch is told at once, and again when it grows', () => {
  const epoch = new Snapshot(7)
  const { sent, report } = reporting(epoch)
  report.start()
  epoch.set(9)
  report.stop()
  epoch.set(11)
  expect(sent.map((message) => message.epoch)).toEqual([7, 9])
})

test('nothing is told when nothing is known', () => {
  const { sent, report } = reporting(new Snapshot(0))
  report.start()
  expect(sent).toEqual([])
})
