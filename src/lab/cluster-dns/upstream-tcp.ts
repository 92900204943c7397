/**
 * One query to one upstream over TCP.
 */
import { connect } from 'node:net'
import type { Upstream } from './corefile.ts'

/** Octets of the length in front of a message (RFC 1035 section 4.2.2). */
const PREFIX = 2

/** Resolves with the answer; rejects when there is none that fits, or the signal aborts. */
export async function askTcp(
  upstream: Upstream,
  query: Buffer,
  fits: (answer: Buffer) => boolean,
  signal: AbortSignal,
): Promise<Buffer> {
  const socket = connect({ ...upstream, noDelay: true, signal })
  const frame = Buffer.alloc(PREFIX + query.length)
  frame.writeUInt16BE(query.length, 0)
  query.copy(frame, PREFIX)
  socket.write(frame)
  let received = Buffer.alloc(0)
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer])
      const answer = firstFrame(received)
      if (answer === undefined) continue
      if (fits(answer)) return answer
      break
    }
    throw new Error('the upstream closed the connection without an answer')
  } finally {
    socket.destroy()
  }
}

function firstFrame(received: Buffer): Buffer | undefined {
  const end = received.length < PREFIX ? PREFIX : PREFIX + received.readUInt16BE(0)
  return received.length > PREFIX && received.length >= end ? received.subarray(PREFIX, end) : undefined
}
