/**
 * The simple JSONPath of printer columns: `.spec.ports[0].port`, `.status.conditions[?(@.type=="Ready")].status`.
 */
import { isObject } from '../json/access.ts'

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly value: string }

const STEP =
  /\.?\[\?\(@((?:\.(?:\\.|[^.[\]=\s])+)+)\s*==\s*["']([^"']*)["']\)\]|\.?\['((?:\\.|[^'])*)'\]|\[(-?\d+)\]|\[\*\]|\.\*|\.((?:\\.|[^.[\]])+)/gy

/** Parses; undefined when the text is outside what printer columns may use. */
export function parseJsonPath(text: string): readonly Step[] | undefined {
  const clean = text.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '')
  const steps: Step[] = []
  let end = 0
  for (const match of clean.matchAll(STEP)) {
    steps.push(toStep(match))
    end = match.index + match[0].length
  }
  return end === clean.length ? steps : undefined
}

function toStep(match: RegExpExecArray): Step {
  const [whole, filterPath, filterValue, quoted, index, name] = match
  if (filterPath !== undefined) {
    return { kind: 'filter', path: parseJsonPath(filterPath) ?? [], value: filterValue ?? '' }
  }
  if (index !== undefined) return { kind: 'index', index: Number(index) }
  if (whole.endsWith('*') || whole === '[*]') return { kind: 'all' }
  return { kind: 'field', name: (quoted ?? name ?? '').replaceAll(/\\(.)/g, '$1') }
}

/** All values the path leads to. */
export function readJsonPath(steps: readonly Step[], value: unknown): unknown[] {
  return steps.reduce((found, step) => found.flatMap((item) => follow(step, item)), [value])
}

function follow(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field':
      return isObject(value) && value[step.name] !== undefined ? [value[step.name]] : []
    case 'index': {
      const found: unknown = Array.isArray(value) ? value.at(step.index) : undefined
      return found === undefined ? [] : [found]
    }
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : []
  }
}

function passes(step: Step & { kind: 'filter' }, item: unknown): boolean {
  return readJsonPath(step.path, item).some((found) => String(found) === step.value)
}
