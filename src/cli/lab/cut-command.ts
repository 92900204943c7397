/** `fairlead lab cut` and `fairlead lab heal`. */
import { Command } from 'commander'
import { ask } from '../../lab/control/client.ts'
import type { ControlRequest } from '../../lab/control/protocol.ts'
import { labFiles } from '../../lab/layout.ts'
import type { CliContext } from '../context.ts'
import { say } from '../output.ts'
import { type CutTarget, cutTarget } from './cut-target.ts'
import { stateOption } from './state-option.ts'

interface CutOptions {
  readonly state: string
  readonly reset?: boolean
}

/** Drops every packet between two clusters, or of a pod, both ways, open connections included; or resets what is open. */
export function cutCommand(context: CliContext): Command {
  return new Command('cut')
    .description('drop every packet between two clusters, or between a pod and all but its node')
    .argument('<a>', 'a cluster, or CLUSTER/POD')
    .argument('[b]', 'another cluster; with --reset it may be left out, and all others are meant')
    .option('--reset', 'drop nothing: answer open TCP connections with resets, at both ends; new ones live')
    .addOption(stateOption())
    .action(async (a: string, b: string | undefined, { state, reset }: CutOptions) => {
      const { controlSocket } = labFiles(state)
      if (reset) {
        await ask(controlSocket, resetRequest(a, b))
        return say(context, `connections between ${a} and ${b ?? 'the others'} were reset`)
      }
      const target = cutTarget(a, b)
      await ask(controlSocket, cutRequest('cut', target))
      if (target.kind === 'pod') say(context, `${a} is cut off`)
      else say(context, `${a} and ${b} are cut off from each other`)
    })
}

/** Undoes `cut` and `slow`. */
export function healCommand(context: CliContext): Command {
  return new Command('heal')
    .description('let packets between two clusters, or of a pod, through again, as fast as they are')
    .argument('<a>', 'a cluster, or CLUSTER/POD')
    .argument('[b]', 'another cluster')
    .addOption(stateOption())
    .action(async (a: string, b: string | undefined, { state }: CutOptions) => {
      const target = cutTarget(a, b)
      await ask(labFiles(state).controlSocket, cutRequest('heal', target))
      if (target.kind === 'pod') say(context, `${a} is not cut off`)
      else say(context, `${a} and ${b} reach each other`)
    })
}

function cutRequest(action: 'cut' | 'heal', target: CutTarget): ControlRequest {
  if (target.kind === 'pair') return { command: action, clusters: target.clusters }
  return { command: `${action}-pod`, cluster: target.cluster, pod: target.pod }
}

function resetRequest(cluster: string, peer: string | undefined): ControlRequest {
  return { command: 'reset', cluster, ...(peer !== undefined && { peer }) }
}
