/** The mesh at rest between two rounds: waiting until there is nothing but the steady flows, and measuring what is held. */
import type { Clusters } from '../support/clusters.ts'
import { eventually } from '../support/eventually.ts'
import { type ProcessMetrics, processMetrics } from '../support/process-metrics.ts'
import { STEADY_FLOWS } from './load.ts'
import type { Sample } from './verdict.ts'

/** Flows whose end was lost with a link go with their grace (30 s); what takes longer than this is never given back. */
const REST_TIME = 75_000

const PROCESSES = ['east', 'west'].flatMap((cluster) =>
  ['router', 'controller', 'dns'].map((component) => ({ cluster, component })),
)

/** Waits for rest, and gives a sample of each process by its name. Throws with what is left when it does not come. */
export async function samplesAtRest(clusters: Clusters): Promise<Map<string, Sample>> {
  await eventually(() => expectRest(clusters), { within: REST_TIME, every: 1_000 })
  const samples = PROCESSES.map(async ({ cluster, component }): Promise<[string, Sample]> => {
    const metrics = await processMetrics(clusters, cluster, component)
    return [`${component} of ${cluster}`, sampleOf(metrics)]
  })
  return new Map(await Promise.all(samples))
}

async function expectRest(clusters: Clusters): Promise<void> {
  for (const cluster of ['east', 'west']) {
    const { value } = await processMetrics(clusters, cluster, 'router')
    const held = {
      flows: value('fairlead_router_ingress_flows') + value('fairlead_router_egress_flows') - STEADY_FLOWS,
      associations: value('fairlead_router_udp_associations'),
      suspended: value('fairlead_router_flows_suspended'),
    }
    if (Object.values(held).some((count) => count !== 0)) {
      throw new Error(`the router of ${cluster} does not come to rest: ${JSON.stringify(held)}`)
    }
  }
}

function sampleOf({ value, labelled }: ProcessMetrics): Sample {
  return {
    startedAt: value('process_start_time_seconds'),
    memory: value('process_resident_memory_bytes'),
    heap: value('nodejs_heap_size_used_bytes'),
    files: value('process_open_fds'),
    timers: labelled('nodejs_active_resources', { type: 'Timeout' }),
    resources: value('nodejs_active_resources_total'),
  }
}
