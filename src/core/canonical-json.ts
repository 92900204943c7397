/**
 * JSON of a value in one form only, whatever order its properties were made in: what can be hashed and signed. The form
 * is that of RFC 8785.
 */

/** Texts that JSON writes as they are. Asking is faster than having them written. */
const PLAIN = /^[\w ./:-]*$/

/** The text. Properties that are undefined are left out, as JSON.stringify does. The value must be plain and not too deep. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const object = value as Readonly<Record<string, unknown>>
  let text = ''
  for (const name of Object.keys(object).sort()) {
    const property = object[name]
    if (property === undefined) continue
    text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(property)}`
  }
  return `{${text}}`
}

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}
