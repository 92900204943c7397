/** The results as rows of text. */
import type { Simulated } from './messages.ts'

type Rows = string[][]

/** One line for each network. */
export function networksTable(networks: readonly Simulated[]): Rows {
  return [
    [
      'network',
      'routers',
      'link lost: worst, virtual ms',
      'messages for each link',
      'paths computed by a router',
      'routers visited for it',
      'wrong views',
      'heap of one router, MB',
      'peak RSS of all, MB',
    ],
    ...networks.map((network) => {
      const lost = network.events.find(({ event }) => event === 'link lost')
      return [
        network.shape,
        String(network.routers),
        short(lost?.settledMs.max ?? Number.NaN),
        short(lost?.messagesPerLink ?? Number.NaN),
        short(network.computations),
        short(network.visited),
        String(network.events.reduce((sum, { wrong }) => sum + wrong, 0)),
        short(network.heapMb),
        short(network.peakRssMb),
      ]
    }),
  ]
}

/** What happened to one network. */
export function eventsTable({ events }: Simulated): Rows {
  return [
    [
      'event',
      'settled after, virtual ms',
      'worst',
      'messages for each link',
      'most',
      'kB for each link',
      'most',
      'CPU of each router, ms',
      'wrong views',
    ],
    ...events.map((one) => [
      one.rounds === 1 ? one.event : `${one.event} (${one.rounds} times)`,
      short(one.settledMs.p50),
      one.rounds === 1 ? '' : short(one.settledMs.max),
      short(one.messagesPerLink),
      String(one.mostMessages),
      short(one.bytesPerLink / 1_000),
      short(one.mostBytes / 1_000),
      short(one.cpuMsPerRouter),
      String(one.wrong),
    ]),
  ]
}

function short(value: number): string {
  return Math.abs(value) >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}
