/**
 * What one end of a flow keeps of the bytes it sends. Offsets count from the opening of the flow.
 */

export interface Retention {
  /** The far side has what lies before. */
  readonly acked: number
  /** What lies before was given to a data connection. */
  readonly sent: number
  /** Bytes kept. */
  readonly bytes: number
  /** Bytes kept that wait to be sent. */
  readonly waiting: number
  /** Datagrams that could not be sent and were not kept. */
  readonly dropped: number
  /** The owner writes. `isSent`: it goes out at once; only while nothing waits. */
  push(chunk: Buffer, isSent: boolean): void
  /** The far side has so many bytes more; false when it cannot. */
  ack(bytes: number): boolean
  /** The far side has what lies before `received`, from `acked` to `sent`; everything after is to be sent again. */
  restart(received: number): void
  /** The next bytes that wait, at most `max`, as a view; something must wait. */
  take(max: number): Buffer
  /** Forgets everything. */
  clear(): void
}

/** Of datagrams nothing is kept, nor of streams that nobody can resume. */
export class NothingRetained implements Retention {
  readonly acked = 0
  readonly sent = 0
  readonly bytes = 0
  readonly waiting = 0
  dropped = 0

  push(_chunk: Buffer, isSent: boolean): void {
    if (!isSent) this.dropped += 1
  }

  ack(): boolean {
    return true
  }

  restart(): void {}

  take(): Buffer {
    return Buffer.alloc(0)
  }

  clear(): void {}
}
