/** A node of loopback mode: plain processes, Service addresses by a proxy in user space. */
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot, processCommand } from '../entry.ts'
import { LOW_PORT_OFFSET, LOW_PORTS } from '../limits.ts'
import { type NodeConfig, type NodeDeps, type NodePlatform, SYSTEM_PATH } from '../node/node-platform.ts'
import { LoopbackRuntime } from './loopback-runtime.ts'
import { ProxyDriver } from './proxy-driver.ts'

export async function loopbackPlatform(deps: NodeDeps, { plan, files }: NodeConfig): Promise<NodePlatform> {
  const folder = join(files.cluster(plan.name).folder, 'run')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const [, resolver] = processCommand('lab-resolver')
  const environment = {
    PATH: [join(packageRoot(), 'node_modules', '.bin'), dirname(process.execPath), ...SYSTEM_PATH].join(':'),
    HOME: folder,
    KUBERNETES_SERVICE_HOST: plan.nodeAddress,
    KUBERNETES_SERVICE_PORT: String(plan.apiPort),
    KUBERNETES_SERVICE_PORT_HTTPS: String(plan.apiPort),
    FAIRLEAD_DNS: `${plan.dnsAddress}:${plan.dnsPort}`,
    // Pods share the machine's resolv.conf: those that are Node programs get the cluster's DNS this way.
    NODE_OPTIONS: `--import=${pathToFileURL(resolver).href}`,
  }
  // What the proxy does with ports that are refused: the plan found out whether they are.
  const lowPorts = plan.dnsPort < LOW_PORTS
  const portOf = (port: number): number => (lowPorts || port >= LOW_PORTS ? port : port + LOW_PORT_OFFSET)
  const driver = new ProxyDriver(deps, { portOf })
  return { runtime: new LoopbackRuntime({ plan, folder }), driver, environment, oneUser: true, portOf }
}
