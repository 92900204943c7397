/** dnsmasq with the same names in its configuration. */
import { writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { CLUSTERSET_ZONE } from '../../../src/api/names.ts'
import { freePorts, HOST } from '../../data-path/ports.ts'
import type { Tool } from '../../data-path/tools.ts'
import { headlessServices, PORT, portName, portServices, virtualServices } from '../names.ts'
import type { Resolver } from '../resolver.ts'

/** Seconds that its answers may be kept: as long as ours. */
const TTL = 5

/** One process. */
export function dnsmasq({ path }: Tool): Resolver {
  return {
    name: 'dnsmasq',
    answers: true,
    async start({ children, dir }) {
      const ports = await freePorts(['dns'])
      const file = join(dir, 'dnsmasq.conf')
      await writeFile(file, configOf(ports.dns ?? 0))
      return await children.program(path, ['--keep-in-foreground', `--conf-file=${file}`], ports)
    },
  }
}

function configOf(port: number): string {
  const records = [...virtualServices, ...headlessServices].flatMap(({ fqdn, addresses }) =>
    addresses.map((address) => `host-record=${fqdn},${address}`),
  )
  const ports = portServices.map(
    (service) => `srv-host=${portName(service)},${service.fqdn},${PORT.port},0,100`,
  )
  const lines = [
    `port=${port}`,
    `listen-address=${HOST}`,
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'pid-file=',
    `user=${userInfo().username}`,
    `local=/${CLUSTERSET_ZONE}/`,
    `local-ttl=${TTL}`,
    ...records,
    ...ports,
  ]
  return lines.map((line) => `${line}\n`).join('')
}
