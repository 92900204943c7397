/**
 * Puts together the datagram whose delivery comes in, which may come in pieces of any size.
 */
import { SmallPieces } from '../../core/small-pieces.ts'
import { AmqpError, Condition } from '../errors.ts'
import { MAX_DATAGRAM_BYTES } from '../limits.ts'

export class DatagramGatherer {
  #pieces: Buffer[] = []
  #bytes = 0
  #small: SmallPieces | undefined

  /** A piece of the present delivery; too many bytes are an error of the flow. */
  add(piece: Buffer): AmqpError | undefined {
    this.#bytes += piece.length
    if (this.#bytes > MAX_DATAGRAM_BYTES) {
      this.clear()
      const text = `datagram of more than ${MAX_DATAGRAM_BYTES} bytes`
      return new AmqpError(Condition.messageSizeExceeded, text, 'link')
    }
    this.#append(piece)
    return undefined
  }

  /** The delivery is complete: its datagram. */
  take(): Buffer {
    const [first] = this.#pieces
    const datagram = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces)
    this.clear()
    return datagram
  }

  /** Forgets the delivery begun. */
  clear(): void {
    this.#pieces = []
    this.#bytes = 0
    this.#small = undefined
  }

  /** Behind the first, small pieces are put together: each would hold much more than it carries. */
  #append(piece: Buffer): void {
    const last = this.#pieces.at(-1)
    if (last === undefined) {
      this.#pieces.push(piece)
      return
    }
    this.#small ??= new SmallPieces()
    const extended = this.#small.extend(last, piece)
    if (extended === undefined) this.#pieces.push(this.#small.keep(piece))
    else this.#pieces[this.#pieces.length - 1] = extended
  }
}
