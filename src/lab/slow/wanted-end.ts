/** Where a connection was made to before the node's rules sent it to a slow line. */
import { isIPv6 } from 'node:net'
import { run } from '../command.ts'
import { LabError } from '../errors.ts'
import { linkName } from '../sandbox/link-name.ts'
import { systemEnv } from '../system-env.ts'

/** One end of a connection. */
export interface SocketEnd {
  readonly address: string
  readonly port: number
}

/** Asks the maps of this nftables table for the connection's own end. */
export async function wantedEnd(table: string, { address, port }: SocketEnd): Promise<SocketEnd> {
  const key = `"${linkName(address)}" . ${port}`
  const family = isIPv6(address) ? 'ip6' : 'ip'
  const [wanted, wantedPort] = await Promise.all(
    ['addresses', 'ports'].map(async (map) => {
      const command = ['get', 'element', family, table, map, `{ ${key} }`]
      return parseAnswer(await run(['nft', ...command], { env: systemEnv() }), key)
    }),
  )
  return { address: wanted ?? '', port: Number(wantedPort) }
}

/** Reads what nft says of the element `key`. */
export function parseAnswer(answer: string, key: string): string {
  const line = answer.split('\n').find((each) => each.includes(key)) ?? ''
  const value = / : ([\da-f.:]+) *[,}]/.exec(line)?.[1]
  if (value === undefined) throw new LabError(`nobody knows where the connection from ${key} goes`)
  return value
}
