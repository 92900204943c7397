/** Words for /bin/sh. */

/** `word` as one word of a shell script, whatever it holds. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
