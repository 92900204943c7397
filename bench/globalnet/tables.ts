/** The results as rows of text. */
import type { Summary } from '../statistics.ts'
import type { Connected, Sized } from './messages.ts'

type Rows = string[][]

/** One column for each size. */
export function sizesTable(sizes: readonly Sized[]): Rows {
  const row = (name: string, cell: (size: Sized) => string) => [name, ...sizes.map(cell)]
  const kernel = (name: string, read: (size: NonNullable<Sized['kernel']>) => string) =>
    row(name, (size) => (size.kernel === undefined ? '' : read(size.kernel)))
  const changes = sizes.find((size) => size.kernel !== undefined)?.kernel?.changes ?? []
  return [
    row('', ({ shape }) => `${shape.services} services, ${shape.endpoints} headless endpoints`),
    row('rules', ({ planned }) => String(planned.rules)),
    row('elements of sets and maps', ({ planned }) => String(planned.elements)),
    row('chains', ({ planned }) => String(planned.chains)),
    row('input assembled, CPU ms', ({ planned }) => spread(planned.assembleMs)),
    row('table planned, CPU ms', ({ planned }) => spread(planned.planMs)),
    kernel('whole table applied, ms', ({ applyMs }) => spread(applyMs)),
    ...changes.flatMap(({ change }, at) => [
      kernel(`${change}: commands, what they touch`, (size) => {
        const { commands = 0, touched = 0 } = size.changes[at] ?? {}
        return `${commands}, ${touched}`
      }),
      kernel('- computed, CPU ms', (size) => spread(size.changes[at]?.computeMs)),
      kernel('- applied, ms', (size) => spread(size.changes[at]?.nftMs)),
    ]),
    kernel('table read and compared, ms', ({ verifyMs }) => spread(verifyMs)),
    row('addresses for all owners, none recorded, CPU ms', ({ planned }) => spread(planned.allocateMs)),
    row('the same, all recorded and one new, CPU ms', ({ planned }) => spread(planned.allocateOneMs)),
  ]
}

/** One line for each set of rules. */
export function connectionsTable(connections: readonly Connected[]): Rows {
  return [
    [
      'rules',
      'globals',
      'new connections/s',
      'CPU us/connection',
      'rate / no translation',
      'CPU / no translation',
      'CPU / the same with few',
    ],
    ...connections.map((one) => [
      one.rules,
      String(one.globals),
      spread(one.perSecond),
      spread(one.cpuUs),
      spread(one.rateRatio),
      spread(one.cpuRatio),
      spread(one.growth),
    ]),
  ]
}

/** `median (lowest-highest)`. */
function spread(summary: Summary | undefined): string {
  if (summary === undefined) return ''
  const { min, p50, max } = summary
  return `${short(p50)} (${short(min)}-${short(max)})`
}

function short(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}
