// Bytes that both ends of a transfer can make for themselves, and their hashes. Run by plain node, in pods and out of them.
import { createCipheriv, createHash } from 'node:crypto'

const CHUNK = 256 * 1024

/** The same pseudo-random bytes on both sides: AES-CTR of zeroes under a fixed key. */
export function* pattern(total) {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16))
  const zeroes = Buffer.alloc(CHUNK)
  for (let left = total; left > 0; left -= CHUNK)
    yield cipher.update(left < CHUNK ? zeroes.subarray(0, left) : zeroes)
}

/** SHA-256 of the first `total` bytes. */
export function patternHash(total) {
  const hash = createHash('sha256')
  for (const chunk of pattern(total)) hash.update(chunk)
  return hash.digest('hex')
}

/** Length and SHA-256 of all that a socket gives; `onChunk` may hold it up. */
export async function hashOf(socket, onChunk = () => {}) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of socket) {
    hash.update(chunk)
    bytes += chunk.length
    await onChunk(bytes)
  }
  return { bytes, sha256: hash.digest('hex') }
}
