/** Lines from a stream, with a bound on their length. */
import type { Readable } from 'node:stream'
import { LabError } from '../errors.ts'
import { MAX_CONTROL_LINE } from '../limits.ts'

/** Yields each line without its end. Throws LabError on a line longer than MAX_CONTROL_LINE bytes. */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  stream.setEncoding('utf8')
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > MAX_CONTROL_LINE) throw new LabError('a line of the lab is too long')
  }
  if (rest !== '') yield rest
}
