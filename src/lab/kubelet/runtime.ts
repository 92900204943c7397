/** What the kubelet needs of whoever runs its pods: namespaces (Linux), or plain processes (loopback mode). */
import type { Readable } from 'node:stream'
import type { Bind } from './container-script.ts'
import type { Environment } from './environment.ts'
import type { Container, LabPod } from './pod.ts'

/** How a process ended; one of both is set. */
export interface ExitStatus {
  readonly code: number | undefined
  readonly signal: NodeJS.Signals | undefined
}

export interface ExecOutcome {
  readonly exitCode: number
  /** The beginning of what it wrote. */
  readonly output: string
}

/** One run of a container. */
export interface ContainerProcess {
  /** The process of the container's command; undefined before and after it. */
  pid(): number | undefined
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exited: Promise<ExitStatus>
  /** Sends a signal to the command. */
  signal(name: NodeJS.Signals): void
  /** Ends everything in the container at once. */
  kill(): void
  /** Runs another command inside the container. Rejects when it takes longer than `timeout` milliseconds. */
  exec(command: readonly string[], timeout: number): Promise<ExecOutcome>
}

export interface ContainerLaunch {
  readonly container: Container
  readonly environment: Environment
  readonly command: readonly string[]
  readonly binds: readonly Bind[]
  /** Tells this run from earlier ones of the container. */
  readonly run: number
}

/** A pod's place: its network, its host name, its folder in memory. */
export interface PodSandbox {
  /** The main one first. */
  readonly addresses: readonly string[]
  /** For the pod's volumes. */
  readonly volumeFolder: string
  start(launch: ContainerLaunch): Promise<ContainerProcess>
  /** Removes it. All containers have ended before. */
  destroy(): Promise<void>
}

export interface PodRuntime {
  /** `hostname` is also what `uname -n` says inside. */
  createSandbox(pod: LabPod, hostname: string): Promise<PodSandbox>
}
