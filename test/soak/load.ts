/** Clients of one round of a soak, all at once, and what must never come of them. */
import type { Clusters } from '../support/clusters.ts'
import { LineProcess } from '../support/line-process.ts'
import { hostOf, scriptPath } from './stage.ts'

/** Flows that live through the whole soak, and must live through every fault of it. */
export const STEADY_FLOWS = 20

/** Clients that behave badly, whose bytes are checked. */
const CHURN_WORKERS = 24
/** Clients of the endpoints that come and go: new connections, and kept ones. */
const WORKERS = ['8', '8']
/** Ports that a UDP client speaks from, one after the other; below those that the kernel gives by itself. */
const UDP_PORTS = { first: 12_000, count: 600 }

/** How a client's connection may end while endpoints and links go; a hang or a wrong byte may not be. */
const EXPECTED_ENDS = /(ECONNRESET|ECONNREFUSED|EPIPE|socket hang up)$/

/** What a round did. */
export interface RoundOutcome {
  readonly conversations: number
  readonly requests: number
  /** What must not be, in words. */
  readonly wrong: readonly string[]
}

/** Conversations that go on through all rounds. */
export class SteadyTalk {
  readonly #process: LineProcess
  #least = 0

  constructor(clusters: Clusters) {
    const command = ['node', scriptPath('resume-peer.mjs'), 'talk', hostOf('steady'), String(STEADY_FLOWS)]
    this.#process = new LineProcess(clusters.startExec('west', command))
  }

  /** What is wrong with them since the last time: each has to have gone on. */
  async check(): Promise<string[]> {
    const { least, failed } = await this.#process.ask()
    const stuck = Number(least) <= this.#least ? [`a steady flow stands still at message ${least}`] : []
    this.#least = Number(least)
    return [...stuck, ...(failed as string[]).map((why) => `a steady flow ended: ${why}`)]
  }

  async end(): Promise<void> {
    await this.#process.finish(30_000)
  }

  kill(): void {
    this.#process.kill()
  }
}

/** Puts load on the mesh for `milliseconds`; `disturb` runs beside it. */
export async function runRound(
  clusters: Clusters,
  round: { readonly seed: number; readonly milliseconds: number },
  disturb: () => Promise<void>,
): Promise<RoundOutcome> {
  const [churn, udp, work] = await Promise.all([
    churnFor(clusters, round.seed, round.milliseconds),
    datagrams(clusters),
    workWhile(clusters, disturb),
  ])
  return {
    conversations: churn.conversations,
    requests: work.requests,
    wrong: [...churn.wrong, ...udp, ...work.wrong],
  }
}

async function churnFor(clusters: Clusters, seed: number, milliseconds: number) {
  const args = [hostOf('churn'), seed, milliseconds, CHURN_WORKERS].map(String)
  const command = ['node', scriptPath('churn-peer.mjs'), 'run', ...args]
  const { stdout } = await clusters.exec('west', command, { timeout: milliseconds + 60_000 })
  const { done, failed, unfaithful } = JSON.parse(stdout) as {
    done: Record<string, number>
    failed: Record<string, number>
    unfaithful: string[]
  }
  return {
    conversations: Object.values(done).reduce((sum, count) => sum + count, 0),
    wrong: [...unfaithful, ...Object.keys(failed).filter((why) => !EXPECTED_ENDS.test(why))],
  }
}

async function datagrams(clusters: Clusters): Promise<string[]> {
  const args = [hostOf('udp'), UDP_PORTS.count, UDP_PORTS.first, 20].map(String)
  const command = ['node', scriptPath('udp-peer.mjs'), 'many', ...args]
  const { stdout } = await clusters.exec('west', command, { timeout: 120_000 })
  const { answered } = JSON.parse(stdout) as { answered: number }
  // A cut of some seconds loses what is sent meanwhile, again and again; most is answered.
  return answered > UDP_PORTS.count / 2 ? [] : [`only ${answered} of ${UDP_PORTS.count} datagrams came back`]
}

async function workWhile(clusters: Clusters, disturb: () => Promise<void>) {
  const command = ['node', scriptPath('endpoint-peer.mjs'), 'work', hostOf('work'), ...WORKERS]
  const workers = new LineProcess(clusters.startExec('west', command))
  try {
    await disturb()
    const { requests, failed } = (await workers.finish(30_000)) as unknown as WorkSummary
    return {
      requests,
      wrong: failed
        .filter(({ why }) => !EXPECTED_ENDS.test(why))
        .map(({ why }) => `a request failed: ${why}`),
    }
  } finally {
    workers.kill()
  }
}

interface WorkSummary {
  readonly requests: number
  readonly failed: readonly { readonly why: string }[]
}
