/** All that happens in the network namespace that this process is started in. */
import { measureConnections } from './connections.ts'
import { measureKernel } from './in-kernel.ts'
import type { KernelArgument, KernelMessage } from './messages.ts'

const argument = JSON.parse(process.argv[2] ?? '{}') as KernelArgument
const kernel = await measureKernel(argument.shape, argument.rounds)
const connections = argument.connectionRounds === 0 ? [] : await measureConnections(argument)
process.send?.({ kernel, connections } satisfies KernelMessage, () => process.disconnect())
