/** Which clusters of a lab are linked, and who dials whom. Pure. */
import { UsageError } from '../../core/errors.ts'

/** `full`: every two. `star`: each with the first. `line`: each with the one before. `ring`: a line, and its ends. */
export const LinkShape = { full: 'full', star: 'star', line: 'line', ring: 'ring' } as const
export type LinkShape = (typeof LinkShape)[keyof typeof LinkShape]

/** A Link: `from` dials `to`. */
export interface Dial {
  readonly from: string
  readonly to: string
}

/** The Links of a lab. The later cluster dials the earlier, but never one of `dialOnly`: those dial themselves. */
export function dials(shape: LinkShape, clusters: readonly string[], dialOnly: readonly string[]): Dial[] {
  return pairs(shape, clusters).map(([earlier, later]) => {
    if (!dialOnly.includes(earlier)) return { from: later, to: earlier }
    if (!dialOnly.includes(later)) return { from: earlier, to: later }
    throw new UsageError(
      `clusters ${earlier} and ${later} can only dial, so that neither reaches the other: choose another --topology or --private`,
    )
  })
}

/** Positions that are next to each other. */
function pairs(shape: LinkShape, names: readonly string[]): [string, string][] {
  const [first = '', second = ''] = names
  switch (shape) {
    case LinkShape.full:
      return names.flatMap((name, at) => names.slice(at + 1).map((later): [string, string] => [name, later]))
    case LinkShape.star:
      return names.slice(1).map((name) => [first, name])
    case LinkShape.line:
      return inLine(names)
    case LinkShape.ring: {
      const last = names.at(-1)
      return last === undefined || last === first || last === second
        ? inLine(names)
        : [...inLine(names), [first, last]]
    }
  }
}

function inLine(names: readonly string[]): [string, string][] {
  return names.slice(1).map((name, at) => [names[at] ?? '', name])
}
