/**
 * Finds keys that occur twice in one JSON object: JSON.parse keeps the last and says nothing, Kubernetes reports them.
 */

interface Frame {
  /** Keys seen; undefined inside an array. */
  readonly keys: Set<string> | undefined
  readonly path: string
  index: number
  key: string
}

/** Field paths (`spec.ports[0].port`) of keys given more than once, in the order met. `text` must be valid JSON. */
export function duplicateKeys(text: string): string[] {
  const found: string[] = []
  const stack: Frame[] = []
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g
  let expectKey = false
  for (const [piece] of text.matchAll(token)) {
    const top = stack.at(-1)
    switch (piece) {
      case '{':
      case '[':
        stack.push(openFrame(top, piece === '{'))
        expectKey = piece === '{'
        break
      case '}':
      case ']':
        stack.pop()
        expectKey = false
        break
      case ',':
        if (top !== undefined) top.index += 1
        expectKey = top?.keys !== undefined
        break
      case ':':
        expectKey = false
        break
      default:
        if (expectKey && top !== undefined) noteKey(top, piece, found)
    }
  }
  return found
}

function openFrame(parent: Frame | undefined, isMap: boolean): Frame {
  return { keys: isMap ? new Set() : undefined, path: childPath(parent), index: 0, key: '' }
}

function childPath(parent: Frame | undefined): string {
  if (parent === undefined) return ''
  if (parent.keys === undefined) return `${parent.path}[${parent.index}]`
  return parent.path === '' ? parent.key : `${parent.path}.${parent.key}`
}

function noteKey(frame: Frame, piece: string, found: string[]): void {
  const key = JSON.parse(piece) as string
  frame.key = key
  if (frame.keys?.has(key)) found.push(childPath(frame))
  frame.keys?.add(key)
}
