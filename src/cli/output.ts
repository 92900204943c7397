/**
 * Results in the three forms users ask for: a table in kubectl's look, JSON, YAML. `yaml` is loaded only when asked for.
 */
import { Option } from 'commander'
import type { CliContext } from './context.ts'

export const OUTPUT_FORMATS = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** The option `-o, --output` that every command with results has. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'form of the result')
    .choices([...OUTPUT_FORMATS])
    .default('table')
}

/** Rows for people: the header first; cells are printed as they are. */
export type Table = readonly (readonly string[])[]

/** Writes `value` as JSON or YAML, or `table(value)` for people. */
export async function printResult<T>(
  context: CliContext,
  format: OutputFormat,
  value: T,
  table: (value: T) => Table,
): Promise<void> {
  await printText(context, format, value, (each) => formatTable(table(each)))
}

/** The same for what is more than one table to people. */
export async function printText<T>(
  context: CliContext,
  format: OutputFormat,
  value: T,
  text: (value: T) => string,
): Promise<void> {
  context.stdout.write(await render(format, value, text))
}

async function render<T>(format: OutputFormat, value: T, text: (value: T) => string): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`
    case 'yaml': {
      const { stringify } = await import('./yaml.ts')
      return stringify(value)
    }
    case 'table':
      return text(value)
  }
}

/** Columns padded to their widest cell, three spaces between them, as kubectl does. */
export function formatTable(rows: Table): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
  return lines.map((line) => `${line}\n`).join('')
}

/** One line of talk on standard error. */
export function say(context: CliContext, message: string): void {
  context.stderr.write(`${message}\n`)
}
