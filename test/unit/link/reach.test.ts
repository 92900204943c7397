import { expect, test } from '@jest/globals'
import { MAX_DIGEST_ENTRIES, MAX_ORIGINS } from '../../../src/link/limits.ts'
import type { Reach } from '../../../src/link/messages.ts'
import { ReachAssembly, ReachReport } from '../../../src/link/reach.ts'

/** A router whose peers are set by hand, and the messages to its controller, taken one list at a time. */
function reporting(...first: string[]) {
  let clusters = first
  let listener = () => {}
  const sent: Reach[] = []
  const waiting: (() => void)[] = []
  const report = new ReachReport(
    {
      send: (message, onAccepted) => {
        sent.push(message)
        if (onAccepted !== undefined) waiting.push(onAccepted)
      },
    },
    {
      reachable: () => clusters,
      onChange: (added) => {
        listener = added
        return () => {
          listener = () => {}
        }
      },
    },
  )
  return {
    report,
    sent,
    lists: () => sent.map((message) => message.clusters.join()),
    reach: (...next: string[]) => {
      clusters = next
      listener()
    },
    accept: () => waiting.shift()?.(),
  }
}

test('a controller is told at once, and again when something changed', () => {
  const { report, lists, reach, accept } = reporting('east')
  report.start()
  accept()
  reach('east')
  reach('east', 'north')
  expect(lists()).toEqual(['east', 'east,north'])
})

test('that nothing can be reached is told too', () => {
  const { report, sent } = reporting()
  report.start()
  expect(sent).toEqual([{ type: 'reach', last: true, clusters: [] }])
})

test('changes while a list is on its way make one more list, the last', () => {
  const { report, lists, reach, accept } = reporting('east')
  report.start()
  for (const next of ['a', 'b', 'c']) reach(next)
  expect(lists()).toEqual(['east'])
  accept()
  expect(lists()).toEqual(['east', 'c'])
})

test('after the end nothing more is told', () => {
  const { report, lists, reach, accept } = reporting('east')
  report.start()
  accept()
  report.stop()
  reach('north')
  expect(lists()).toEqual(['east'])
})

test('a long list comes in parts and is put together; a new one replaces it', () => {
  const names = Array.from({ length: 2 * MAX_DIGEST_ENTRIES + 1 }, (_, index) => `c${index}`)
  const { report, sent, reach, accept } = reporting(...names)
  report.start()
  expect(sent.map(({ last }) => last)).toEqual([false, false, true])
  const assembly = new ReachAssembly()
  const [first, second, third] = sent.map((message) => assembly.add(message))
  expect([first, second, third]).toEqual([undefined, undefined, new Set(names)])
  accept()
  reach('only')
  expect(sent.slice(3).map((message) => assembly.add(message))).toEqual([new Set(['only'])])
})

test('a list that never ends is refused', () => {
  const assembly = new ReachAssembly()
  const parts = Math.ceil(MAX_ORIGINS / MAX_DIGEST_ENTRIES) + 1
  const flood = () => {
    for (let part = 0; part < parts; part += 1) {
      const clusters = Array.from({ length: MAX_DIGEST_ENTRIES }, (_, index) => `c${part}-${index}`)
      assembly.add({ type: 'reach', last: false, clusters })
    }
  }
  expect(flood).toThrow('clusters to reach')
})
