/** What `fairlead lab up` does in the foreground: a lab from its start to its end. */

import { UsageError } from '../../core/errors.ts'
import { terminationSignal } from '../../core/lifecycle.ts'
import { InterruptedError } from '../../lab/errors.ts'
import { LabHost } from '../../lab/host/lab-host.ts'
import { LabMode } from '../../lab/topology.ts'
import { type CliContext, ExitCode } from '../context.ts'
import { say } from '../output.ts'
import { installIntoLab } from './install-into-lab.ts'
import { dials } from './link-shape.ts'
import { assetsFor } from './real-api.ts'
import type { UpOptions } from './up-options.ts'

/** Resolves when the lab is gone. */
export async function up(context: CliContext, options: UpOptions): Promise<void> {
  if (options.globalnet === true && options.mode === LabMode.loopback)
    throw new UsageError(
      '--globalnet translates addresses on nodes: plain processes (--mode loopback) have none',
    )
  const links = dials(options.topology, options.clusters, options.private)
  const assets = await assetsFor(context, options)
  const progress = (message: string): void => say(context, message)
  const host = new LabHost({ progress }, { ...options, assets, links: options.bare ? [] : links })
  const interrupt = new AbortController()
  const interrupted = terminationSignal().then((signal) => {
    context.setExitCode(signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.ok)
    interrupt.abort(new InterruptedError())
  })
  try {
    await host.start(interrupt.signal)
    const globalnet = options.globalnet === true
    const wanted = { links, globalnet, routers: options.routers, say: progress, signal: interrupt.signal }
    if (options.bare !== true) await installIntoLab(host, wanted)
    say(context, `ready: export KUBECONFIG=${host.files.kubeconfig}`)
    process.send?.({ ready: true })
    await Promise.race([interrupted, host.ended])
  } catch (error) {
    if (!interrupt.signal.aborted) {
      await host.abandon()
      throw error
    }
  }
  await host.stop()
}
