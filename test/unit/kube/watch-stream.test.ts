import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LineSplitter, watchEvents } from '../../../src/kube/watch-stream.ts'

async function* bytes(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function eventsOf(...chunks: string[]): Promise<unknown[]> {
  const events: unknown[] = []
  for await (const event of watchEvents(bytes(...chunks), 'watch')) events.push(event)
  return events
}

test('any cutting of the bytes gives the same lines', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' '))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (lines, cuts) => {
      const whole = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      const splitter = new LineSplitter()
      const found: string[] = []
      let at = 0
      for (const cut of cuts) {
        found.push(...splitter.push(whole.subarray(at, at + cut)))
        at += cut
      }
      found.push(...splitter.push(whole.subarray(at)))
      const expected = lines.map((text) => Buffer.from(text).toString()).filter((text) => text !== '')
      expect(found).toEqual(expected)
    }),
  )
})

test('a line longer than the bound is refused before it ends', () => {
  const splitter = new LineSplitter(10)
  expect([...splitter.push(Buffer.from('0123456789\n'))]).toEqual(['0123456789'])
  expect([...splitter.push(Buffer.from('01234'))]).toEqual([])
  expect(() => [...splitter.push(Buffer.from('567890'))]).toThrow('over 10 bytes')
})

test('events come in order and a half-written last line is left out', async () => {
  const events = await eventsOf(
    '{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"MOD',
    'IFIED","object":{"metadata":{"name":"a"}}}\n{"type":"DELETED","obj',
  )
  expect(events).toEqual([
    { type: 'ADDED', object: { metadata: { name: 'a' } } },
    { type: 'MODIFIED', object: { metadata: { name: 'a' } } },
  ])
})

test('an ERROR event is thrown with its code and reason', async () => {
  const gone =
    '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
  await expect(eventsOf(gone)).rejects.toMatchObject({ status: 410, code: 'Expired' })
})

test.each([
  ['not json\n'],
  ['[]\n'],
  ['null\n'],
  ['{"type":"ADDED"}\n'],
  ['{"type":"ADDED","object":null}\n'],
  ['{"type":"ODD","object":{"metadata":{}}}\n'],
])('%j is a protocol error', async (line) => {
  await expect(eventsOf(line)).rejects.toMatchObject({ code: 'protocol' })
})
