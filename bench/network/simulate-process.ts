/** One network in a process of its own, so that its memory is its own. */
import { performance } from 'node:perf_hooks'
import { graphOf, type Shape } from './graphs.ts'
import type { Simulated } from './messages.ts'
import { heapOfOne, Scenarios } from './scenarios.ts'
import { Simulation } from './simulation.ts'

interface Options {
  readonly shape: Shape
  readonly routers: number
  readonly latencyMs: number
  readonly rounds: number
}

const { shape, routers, latencyMs, rounds } = JSON.parse(process.argv[2] ?? '{}') as Options
process.send?.(simulate(), () => process.disconnect())

function simulate(): Simulated {
  const start = performance.now()
  const graph = graphOf(shape, routers)
  const simulation = new Simulation(graph, latencyMs)
  const scenarios = new Scenarios(simulation, graph, routers, rounds)
  scenarios.coldStart()
  const work = scenarios.linkLosses()
  scenarios.routerLosses()
  scenarios.partition()
  scenarios.flapping()
  scenarios.rest()
  return {
    shape,
    routers,
    links: graph.links.length,
    latencyMs,
    events: scenarios.events,
    heapMb: heapOfOne(simulation),
    peakRssMb: process.resourceUsage().maxRSS / 1_000,
    ...work,
    realSeconds: (performance.now() - start) / 1_000,
  }
}
