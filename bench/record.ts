/** What is kept of a run: the result with the machine it was measured on, and its place in the documentation. */
import { cpus, loadavg, release } from 'node:os'

/** Where a benchmark ran. */
export interface Machine {
  readonly node: string
  readonly kernel: string
  readonly cores: number
  readonly cpu: string
  /** Load average of the minute before: what else was running. */
  readonly load: number
}

/** A result on record. */
export interface Kept {
  readonly bench: string
  readonly date: string
  readonly machine: Machine
  readonly result: unknown
}

/** This machine now. */
export function thisMachine(): Machine {
  return {
    node: process.version,
    kernel: release(),
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}

/** The result with date and machine. */
export function kept(bench: string, machine: Machine, result: unknown): Kept {
  return { bench, date: new Date().toISOString().slice(0, 10), machine, result }
}

/** When, where and with what a result was made, as text. */
export function describeRun(
  date: string,
  { cores, cpu, kernel, load, node }: Machine,
  programs: Readonly<Record<string, string>>,
): string {
  const versions = Object.entries(programs).map(([name, version]) => `${name} ${version}`)
  return [
    `${date}, ${cores} cores (${cpu}), kernel ${kernel}, load average ${load} before, Node ${node.slice(1)}`,
    ...versions,
  ].join(', ')
}

/** The document with new text between the marks of `name`, which it must have. */
export function withSection(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- bench ${name}: written by --save -->`, `<!-- end of bench ${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`the document lacks the marks "${begin}" and "${end}"`)
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`
}
