/** CoreDNS in multicluster mode: reads the same objects from the same API server as we do. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CLUSTERSET_ZONE } from '../../../src/api/names.ts'
import { oneBlock } from '../../../test/support/coredns.ts'
import { freePorts } from '../../data-path/ports.ts'
import type { Tool } from '../../data-path/tools.ts'
import type { Resolver } from '../resolver.ts'

/** One process. */
export function coredns({ path }: Tool): Resolver {
  return {
    name: 'coredns',
    answers: true,
    async start({ children, dir, kubeconfig }) {
      const ports = await freePorts(['dns', 'health'])
      const { dns = 0, health = 0 } = ports
      const file = join(dir, 'Corefile')
      await writeFile(file, corefile(kubeconfig)({ dns, ready: health }))
      return await children.program(path, ['-quiet', '-conf', file], ports)
    },
  }
}

function corefile(kubeconfig: string): ReturnType<typeof oneBlock> {
  return oneBlock(
    `kubernetes cluster.local ${CLUSTERSET_ZONE} {`,
    `  kubeconfig ${kubeconfig}`,
    `  multicluster ${CLUSTERSET_ZONE}`,
    '}',
  )
}
