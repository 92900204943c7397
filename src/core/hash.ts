/**
 * A hash of short texts that spreads well, for choices that every process must make alike. Not for secrets.
 */

/** 32 bits. FNV-1a over UTF-16 units, finished by murmur3's mixer: short keys that differ in one digit come out far apart. */
export function hash32(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
