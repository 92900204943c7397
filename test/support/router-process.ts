/** `fairlead router` as a process of its own, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { ROOT } from './source-tree.ts'

export class RouterProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  /** What it has logged, newest last. */
  readonly lines: Record<string, unknown>[] = []

  constructor(
    kubeconfig: string | undefined,
    tlsDir: string,
    flags: readonly string[] = [],
    pod = 'router-0',
  ) {
    const args = [
      ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
      '--tls-dir',
      tlsDir,
      '--link-port=0',
      '--health-port=0',
      '--report-port=0',
      // Nobody sends clients by EndpointSlices here.
      '--handover-seconds=0',
      ...flags,
    ]
    this.#child = spawn(process.execPath, [join(ROOT, 'src/bin/fairlead.ts'), 'router', ...args], {
      env: { ...process.env, POD_NAME: pod, POD_NAMESPACE: SYSTEM_NAMESPACE, POD_IP: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (this.#child.stdout === null) throw new Error('no standard output')
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)))
  }

  /** The line it writes once it runs. */
  get running(): { readonly linkPort: number; readonly healthPort: number; readonly reportPort: number } {
    const line = this.line('router is running')
    const [linkPort, healthPort, reportPort] = ['linkPort', 'healthPort', 'reportPort'].map((name) =>
      Number(line[name]),
    ) as [number, number, number]
    return { linkPort, healthPort, reportPort }
  }

  /** The first line with this message; throws while there is none. */
  line(message: string): Record<string, unknown> {
    const found = this.lines.find(({ msg }) => msg === message)
    if (found === undefined) throw new Error(`"${message}" was not logged`)
    return found
  }

  /** Status and text of a path on the health port. */
  get(path: string): Promise<string> {
    return this.#get(this.running.healthPort, path)
  }

  /** The same of a document about the network. */
  report(path: string): Promise<string> {
    return this.#get(this.running.reportPort, path)
  }

  async #get(port: number, path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return `${response.status} ${await response.text()}`
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode ?? this.#child.signalCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL')
    await this.ended()
  }
}
