/**
 * Which router processes of other clusters there are: one for each container id, for who comes back under the same id
 * as another instance has been restarted.
 */
import type { FlowError } from '../../amqp/flow-transport.ts'
import type { Clock } from '../../core/clock.ts'
import { MAX_IDLE_PROCESSES } from './limits.ts'
import { PeerProcess, type ProcessPath } from './peer-process.ts'
import { RESTARTED } from './reasons.ts'

export class PeerProcesses {
  readonly #byContainer = new Map<string, PeerProcess>()
  readonly #clock: Pick<Clock, 'monotonic'>
  /** Longest idle first. */
  readonly #idle = new Set<PeerProcess>()
  readonly #onEnd: (process: PeerProcess, why: FlowError) => void

  /** `onEnd` is told of processes that are no more. */
  constructor(clock: Pick<Clock, 'monotonic'>, onEnd: (process: PeerProcess, why: FlowError) => void) {
    this.#clock = clock
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#byContainer.size
  }

  /**
   * The process a connection leads to, once its peer is known; undefined when nothing can be resumed with that. What is
   * told over relays cannot end a process that a certificate vouches for.
   */
  join(cluster: string, path: ProcessPath): PeerProcess | undefined {
    const { peer } = path.connection
    if (peer?.instance === undefined) return undefined
    const key = `${cluster} ${peer.containerId}`
    const known = this.#byContainer.get(key)
    if (known !== undefined && known.instance !== peer.instance) {
      if (path.connection.relayed === true && known.isNextToUs) return undefined
      this.end(known, RESTARTED)
    }
    const isKnown = known?.instance === peer.instance && known.gone === undefined
    const process = isKnown ? known : new PeerProcess(cluster, key, peer.instance)
    this.#byContainer.set(key, process)
    this.#idle.delete(process)
    process.join(path, this.#clock.monotonic())
    return process
  }

  leave(process: PeerProcess, path: ProcessPath): void {
    process.leave(path)
    this.forgetIdle(process)
  }

  /** Perhaps nothing is left of it. It may come back, unless it has ended; the longest gone are forgotten. */
  forgetIdle(process: PeerProcess): void {
    if (!process.idle) return
    if (process.gone !== undefined) this.#forget(process)
    else this.#idle.add(process)
    for (const oldest of this.#idle) {
      if (this.#idle.size <= MAX_IDLE_PROCESSES) return
      this.#forget(oldest)
    }
  }

  #forget(process: PeerProcess): void {
    this.#idle.delete(process)
    if (this.#byContainer.get(process.key) === process) this.#byContainer.delete(process.key)
  }

  /** It is no more: its connections are closed and its flows end. */
  end(process: PeerProcess, why: FlowError): void {
    process.end(why)
    this.#onEnd(process, why)
  }
}
