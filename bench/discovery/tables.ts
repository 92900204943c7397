/** The results as rows of text. */
import type { Measured } from '../discovery.ts'
import type { Summary } from '../statistics.ts'
import type { Changed } from './messages.ts'

type Rows = string[][]

/** What is computed without an API server. */
export function computedTable(sets: readonly Measured[]): Rows {
  return [
    [
      'exporters of a service',
      'imports',
      'slices',
      'all computed, ms',
      'one change, us',
      'records, MB',
      'imports, MB',
      'peak RSS, MB',
    ],
    ...sets.map(({ size, computed }) => [
      String(size.exporters),
      String(computed.imports),
      String(computed.slices),
      spread(computed.fullMs),
      spread(computed.changeUs),
      short(computed.directoryMb),
      short(computed.importsMb),
      short(computed.peakRssMb),
    ]),
  ]
}

/** A controller that begins with nothing. */
export function controlledTable(sets: readonly Measured[]): Rows {
  return [
    [
      'exporters of a service',
      'imports',
      'writes',
      'for each import',
      'seconds',
      'writes a second',
      'peak RSS of the controller, MB',
    ],
    ...sets.map(({ size, controlled }) => [
      String(size.exporters),
      String(controlled.imports),
      String(controlled.firstWrites),
      short(controlled.firstWrites / controlled.imports),
      short(controlled.firstSeconds),
      short(controlled.firstWrites / controlled.firstSeconds),
      short(controlled.peakRssMb),
    ]),
  ]
}

/** Writes by what caused them: how many and until when in each clusterset, and which in the last one. */
export function changesTable(sets: readonly Measured[]): Rows {
  const names = [...new Set(sets.flatMap(({ controlled }) => controlled.changes.map(({ change }) => change)))]
  return [
    ['change', ...sets.map(({ size }) => `exporters: ${size.exporters}`), 'requests'],
    ...names.map((name) => {
      const found = sets.map(({ controlled }) => controlled.changes.find(({ change }) => change === name))
      return [
        name,
        ...found.map(changeText),
        requestsText(found.findLast((changed) => changed !== undefined)),
      ]
    }),
  ]
}

function changeText(changed: Changed | undefined): string {
  if (changed === undefined) return ''
  const { writes, settledMs } = changed
  return settledMs === undefined ? '0' : `${spread(writes)} in ${spread(settledMs)} ms`
}

function requestsText(changed: Changed | undefined): string {
  return Object.entries(changed?.requests ?? {})
    .map(([request, count]) => (count === 1 ? request : `${count} ${request}`))
    .join(', ')
}

/** The median, and the extremes where they differ. */
function spread({ min, p50, max }: Summary): string {
  return min === max ? short(p50) : `${short(p50)} (${short(min)}-${short(max)})`
}

function short(value: number): string {
  return value >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}
