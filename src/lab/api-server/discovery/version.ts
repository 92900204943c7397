/**
 * What /version answers: the Kubernetes release whose API this is modelled on.
 */

export const VERSION_INFO = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.4+fairlead-lab',
  gitCommit: '59526cd4867447956156ae3a602fcbac10a2c335',
  gitTreeState: 'clean',
  buildDate: '2025-04-22T16:02:27Z',
  goVersion: 'go1.23.6',
  compiler: 'gc',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const
