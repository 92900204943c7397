/**
 * Rounds of load and faults in a lab, each followed by a rest in which every process is measured: nothing may grow from
 * the first rests to the last. Usage: npm run soak -- minutes=15
 */
import type { Clusters } from '../support/clusters.ts'
import { disturbFor, type Random, randomFrom } from './disturbances.ts'
import { runRound, SteadyTalk } from './load.ts'
import { parseOptions, type SoakOptions } from './options.ts'
import { samplesAtRest } from './rest.ts'
import { upStage } from './stage.ts'
import { judge, MIN_SAMPLES, type Sample, tableOf } from './verdict.ts'

/** Load and faults between two rests. Milliseconds. */
const ROUND = 25_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** All that a soak found out. */
interface Findings {
  /** By process, one for each round. */
  readonly samples: Map<string, Sample[]>
  readonly disturbances: Map<string, number>
  readonly wrong: string[]
}

async function playRound(
  clusters: Clusters,
  random: Random,
  talk: SteadyTalk,
  findings: Findings,
): Promise<string> {
  const round = { seed: Math.floor(random() * 1e6), milliseconds: ROUND }
  const outcome = await runRound(clusters, round, () =>
    disturbFor(clusters, random, ROUND, findings.disturbances),
  )
  for (const [process, sample] of await samplesAtRest(clusters)) {
    findings.samples.set(process, [...(findings.samples.get(process) ?? []), sample])
  }
  findings.wrong.push(...outcome.wrong, ...(await talk.check()))
  return `${outcome.conversations} conversations, ${outcome.requests} requests, ${outcome.wrong.length} wrong`
}

async function soak(clusters: Clusters, { minutes, seed }: SoakOptions): Promise<Findings> {
  const random = randomFrom(seed)
  const findings: Findings = { samples: new Map(), disturbances: new Map(), wrong: [] }
  const talk = new SteadyTalk(clusters)
  const until = performance.now() + minutes * 60_000
  try {
    for (let round = 1; round <= MIN_SAMPLES || performance.now() < until; round++) {
      say(`round ${round}: ${await playRound(clusters, random, talk, findings)}`)
    }
    await talk.end()
  } finally {
    talk.kill()
  }
  return findings
}

/** Prints what came of it; true when all is well. */
function report({ samples, disturbances, wrong }: Findings): boolean {
  const findings = [...samples].flatMap(([process, list]) => judge(process, list))
  say(`\n${[...disturbances].map(([name, count]) => `${count} x ${name}`).join(', ')}`)
  say(`\n${tableOf(findings)}\n`)
  for (const what of new Set(wrong)) say(`WRONG: ${what}`)
  const well = wrong.length === 0 && findings.every(({ flat }) => flat)
  say(well ? 'nothing grew, and every byte was right' : 'the soak failed')
  return well
}

const options = parseOptions(process.argv.slice(2), 1 + Math.floor(Math.random() * 1e6))
say(`soak of ${options.minutes} minutes, seed=${options.seed}`)
const clusters = await upStage()
try {
  process.exitCode = report(await soak(clusters, options)) ? 0 : 1
} finally {
  await clusters.down()
}
