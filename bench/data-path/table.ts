/** Lines of the result as people read them: on the console, and as Markdown. */
import type { Target } from './measures.ts'
import type { Line, Spread } from './report.ts'

/** Header and rows, all text. */
export function tableOf(lines: readonly Line[]): string[][] {
  const systems = [...new Set(lines.flatMap(({ values }) => Object.keys(values)))]
  const peers = [...new Set(lines.flatMap(({ ratios }) => Object.keys(ratios)))].filter(
    (name) => name !== 'direct',
  )
  const header = ['measure', ...systems, ...peers.map((peer) => `/ ${peer}`), 'target', '']
  const rows = lines.map(({ label, values, ratios, target, met }) => [
    label,
    ...systems.map((system) => spreadText(values[system])),
    ...peers.map((peer) => ratios[peer]?.toString() ?? ''),
    target === undefined ? '' : targetText(target),
    met === undefined ? '' : met ? 'met' : 'missed',
  ])
  return [header, ...rows]
}

/** Columns of equal width. */
export function alignedText(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A table in Markdown. */
export function markdown(rows: readonly string[][]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const [header = [], ...body] = rows
  return [line(header), `|${'---|'.repeat(header.length)}`, ...body.map(line)].join('\n')
}

/** `median (lowest-highest)`; nothing when there is no value. */
export function spreadText(spread: Spread | undefined): string {
  if (spread === undefined) return ''
  return `${numberText(spread.median)} (${numberText(spread.low)}-${numberText(spread.high)})`
}

/** Large ones in thousands. */
export function numberText(value: number): string {
  return value >= 10_000 ? `${Number((value / 1000).toPrecision(4))} k` : value.toString()
}

function targetText({ than, atLeast, atMost }: Target): string {
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`
  return than === undefined ? bound : `${bound} x ${than}`
}
