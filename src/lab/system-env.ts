/** The environment of the lab's own programs. */

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The given environment with the folders of ip, nft and mount on PATH, which ordinary users often lack. */
export function systemEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return {
    ...env,
    PATH: env['PATH'] === undefined ? SYSTEM_PATH : `${env['PATH']}:${SYSTEM_PATH}`,
    LC_ALL: 'C',
  }
}
