/** The name of the node's end of a pod's link. Pure. */

/** By either address of the pod: both end in the same two bytes. Names of interfaces have at most 15. */
export function linkName(address: string): string {
  const [high = 0, low = 0] = address.includes(':') ? lastGroup(address) : address.split('.').slice(2)
  return `pod${high}.${low}`
}

function lastGroup(address: string): readonly number[] {
  const group = Number.parseInt(address.split(':').at(-1) || '0', 16)
  return [group >> 8, group & 0xff]
}
