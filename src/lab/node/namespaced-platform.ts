/** A node in namespaces: pods with roots of their own, Service addresses by nftables. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { INSTALL_PATH, readRootFacts } from '../kubelet/container-root.ts'
import { NamespacedRuntime } from '../kubelet/namespaced-runtime.ts'
import { NftDriver } from '../service-proxy/nft-driver.ts'
import { type NodeConfig, type NodeDeps, type NodePlatform, SYSTEM_PATH } from './node-platform.ts'

export async function namespacedPlatform({ log }: NodeDeps, config: NodeConfig): Promise<NodePlatform> {
  const { plan, node, files, userNamespace, hostResolvConf } = config
  const folder = join(files.memory, plan.name, node.name)
  // What a killed predecessor left; its pods ended with it.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const facts = await readRootFacts(folder)
  const podFiles = { dnsAddress: plan.dnsAddress, hostResolvConf }
  const runtime = new NamespacedRuntime(
    { log, facts },
    { node, folder, userNamespace, files: podFiles, nsswitchConf: files.nsswitchConf },
  )
  const environment = {
    PATH: [...INSTALL_PATH, ...SYSTEM_PATH].join(':'),
    HOME: '/root',
    KUBERNETES_SERVICE_HOST: plan.apiServiceAddress,
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
  }
  const { serviceNetwork, dnsAddress, ipv6 } = plan
  const driver = new NftDriver({ log }, [
    { family: 'IPv4', serviceNetwork, dnsAddress },
    ...(ipv6 === undefined ? [] : [{ family: 'IPv6', serviceNetwork: ipv6.serviceNetwork } as const]),
  ])
  return { runtime, driver, environment, oneUser: userNamespace }
}
