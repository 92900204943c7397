/**
 * Columns of custom resources, from additionalPrinterColumns.
 */
import type { PrinterColumn, ResourceVersion } from '../kinds/resource-definition.ts'
import { AGE, age, type Column, NAME } from './column.ts'
import { parseJsonPath, readJsonPath } from './json-path.ts'

/** Name and Age, or Name and what the CRD asks for. */
export function customColumns(version: ResourceVersion): readonly Column[] {
  return version.columns.length === 0 ? [NAME, AGE] : [NAME, ...version.columns.map(toColumn)]
}

function toColumn(printer: PrinterColumn): Column {
  const path = parseJsonPath(printer.jsonPath) ?? []
  return {
    name: printer.name,
    type: printer.type,
    format: printer.format ?? '',
    description: printer.description ?? '',
    priority: printer.priority ?? 0,
    cell: (object, now) => toCell(readJsonPath(path, object), printer.type, now),
  }
}

/** A value of the wrong type shows as nothing, as on a real server. */
function toCell(found: readonly unknown[], type: string, now: number): unknown {
  const [first] = found
  if (first === undefined) return null
  switch (type) {
    case 'date':
      return typeof first === 'string' ? age(first, now) : null
    case 'integer':
      return Number.isInteger(first) ? first : null
    case 'number':
      return typeof first === 'number' ? first : null
    case 'boolean':
      return typeof first === 'boolean' ? first : null
    default:
      return found.map(text).join(' ')
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
