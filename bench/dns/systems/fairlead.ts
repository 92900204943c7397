/** Our resolver as it is shipped: the bundled `fairlead dns`, which reads the services from the API server. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../../../test/support/source-tree.ts'
import { freePorts, HOST } from '../../data-path/ports.ts'
import type { DnsStage, Resolver } from '../resolver.ts'

/** All of the load comes from one address, of which any number of questions is taken. */
const FLAGS = ['--source-rate=0', '--log-level=error']

/** One process. */
export const fairlead: Resolver = {
  name: 'fairlead',
  answers: true,
  async start(stage) {
    const ports = await freePorts(['dns', 'health'])
    const listen = [`--listen=${HOST}:${ports.dns}`, `--health-port=${ports.health}`]
    const args = [bundled(stage), 'dns', `--kubeconfig=${stage.kubeconfig}`, ...listen, ...FLAGS]
    return await stage.children.program(process.execPath, [...profiling(), ...args], ports)
  },
}

/** All processes as the image has them. */
function bundled({ dir }: DnsStage): string {
  const dist = join(dir, 'dist')
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), dist], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error('the bundles cannot be built')
  return join(dist, 'fairlead.mjs')
}

/** PROFILE names a folder for CPU profiles. */
function profiling(): string[] {
  const folder = process.env['PROFILE']
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}
