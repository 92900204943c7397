/** Writes one pod's status to the API: the latest only, one write at a time, until the server takes it. */
import { Resource } from '../../api/resources.ts'
import { Backoff } from '../../core/backoff.ts'
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import { isConflict, isNotFound } from '../../kube/errors.ts'
import type { KubeClient } from '../../kube/types.ts'
import { pause } from '../pause.ts'
import { STATUS_BACKOFF } from './limits.ts'
import { type LabPod, type LabPodStatus, podName } from './pod.ts'

export interface StatusWriterDeps {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
}

export class StatusWriter {
  readonly #deps: StatusWriterDeps
  readonly #pod: LabPod
  readonly #stopping = new AbortController()
  #wanted: LabPodStatus | undefined
  #written: string | undefined
  #writing: Promise<void> | undefined

  constructor(deps: StatusWriterDeps, pod: LabPod) {
    this.#deps = deps
    this.#pod = pod
  }

  /** The status that was given last. */
  get latest(): LabPodStatus | undefined {
    return this.#wanted
  }

  /** Writes `status` as soon as what is being written is through. */
  write(status: LabPodStatus): void {
    this.#wanted = status
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
  }

  /** Waits for what was given before. */
  async flush(): Promise<void> {
    await this.#writing
  }

  /** Gives up what is not written yet. */
  stop(): void {
    this.#stopping.abort()
  }

  async #drain(): Promise<void> {
    const backoff = new Backoff(STATUS_BACKOFF)
    // Lets changes that belong together come together.
    await Promise.resolve()
    while (!this.#stopping.signal.aborted) {
      const status = this.#wanted
      const text = JSON.stringify(status)
      if (status === undefined || text === this.#written) return
      if (await this.#put(status)) this.#written = text
      else await pause(this.#deps.clock, backoff.next(), this.#stopping.signal)
    }
  }

  /** False when it is worth another try. */
  async #put(status: LabPodStatus): Promise<boolean> {
    const { uid, namespace = '', name = '' } = this.#pod.metadata
    try {
      const patch = { metadata: { uid }, status }
      await this.#deps.client.patch(Resource.pod, { namespace, name }, 'merge', patch, 'status')
      return true
    } catch (error) {
      // Gone, or another pod has the name now.
      if (isNotFound(error) || isConflict(error)) return true
      this.#deps.log.debug(
        { pod: podName(this.#pod), error: describeError(error) },
        'cannot write a status yet',
      )
      return false
    }
  }
}
