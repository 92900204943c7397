/** Which port a connection was made to before the node's rules sent it to a slow line. */
import { run } from '../command.ts'
import { LabError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'

/** Asks the map of this nftables table for the connection's own end. */
export async function wantedPort(
  table: string,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<number> {
  const key = `${address} . ${port}`
  const answer = await run(['nft', 'get', 'element', 'ip', table, 'asked', `{ ${key} }`], {
    env: systemEnv(),
  })
  return parseWantedPort(answer, key)
}

/** Reads what nft says of the element `key`. */
export function parseWantedPort(answer: string, key: string): number {
  const line = answer.split('\n').find((each) => each.includes(key)) ?? ''
  const port = / : (\d+) *[,}]/.exec(line)?.[1]
  if (port === undefined) throw new LabError(`nobody knows where the connection from ${key} goes`)
  return Number(port)
}
