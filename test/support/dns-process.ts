/** `fairlead dns` as a process of a test, against the cluster that a kubeconfig names. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './source-tree.ts'

export interface DnsProcess {
  readonly child: ChildProcess
  readonly port: number
  /** Port of /readyz and /metrics. */
  readonly health: number
}

/** Resolves when it listens, which is before it is ready. */
export async function startDnsProcess(kubeconfig: string): Promise<DnsProcess> {
  const flags = ['--listen=127.0.0.1:0', '--health-port=0', `--kubeconfig=${kubeconfig}`]
  const child = spawn(process.execPath, [join(ROOT, 'src/bin/fairlead.ts'), 'dns', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; port: number; health: number }
    if (entry.msg !== 'serving') continue
    child.stdout.resume()
    return { child, port: entry.port, health: entry.health }
  }
  throw new Error('the process ended before it served')
}
