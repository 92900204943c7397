/** What commands say, and how they end, when they cannot do what was asked; none of these reaches a cluster. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { fairlead } from '../../support/run-cli.ts'

test.each([
  [['lab', 'slow', 'a', 'b'], 'say how slow'],
  [['lab', 'slow', 'a', 'b', '--loss', '51'], 'a percentage from 0 to 50 is wanted'],
  [['lab', 'cut', 'a'], 'name the other cluster too'],
  [['link', 'show'], "missing required argument 'name'"],
  [['trace', 'UPPER'], '"UPPER" is not a Service'],
  [['trace', 'web', '--port', 'a b'], 'the name of a port, or its number, is wanted'],
  [['topology', '-o', 'xml'], "argument 'xml' is invalid"],
  [['link'], 'give either --to-context or at least one --endpoint'],
  [['link', '--to-context', 'b', '--endpoint', 'h:1'], 'give either --to-context or at least one --endpoint'],
  [['link', '--endpoint', 'host:5671'], 'a link made with --endpoint needs a name'],
  [['link', 'x', '--endpoint', 'nonsense'], '"nonsense" is not HOST:PORT'],
  [['link', 'x', '--endpoint', 'h:1', '--cost', '0'], 'a whole number from 1 to 1000000 is wanted'],
  [['link', 'x', '--endpoint', 'h:1', '--to-system-namespace', 'team'], 'is for --to-context'],
  [['status', '--system-namespace', ''], 'the name of a namespace is wanted'],
  [['install', '--overlay', 'moon'], 'Allowed choices are base, loadbalancer, nodeport, kind, lab'],
  [['install', '--dry-run', '--cluster-id', 'Not_An_Id'], 'cannot be a cluster id'],
  [['install', '-n', 'team'], '--namespace is for --namespace-scoped'],
  [['install', '--namespace-scoped', '--globalnet'], 'leave --namespace-scoped out'],
  [['install', '--namespace-scoped', '--admission'], 'leave --namespace-scoped out'],
  [['install', '--namespace-scoped', '--overlay', 'lab', '--kubeconfig', '/x'], 'takes no overlay but base'],
  [['uninstall', '-n', 'team'], '--namespace is for --namespace-scoped'],
  [['uninstall', '--namespace-scoped', '--crds'], 'leave --crds out'],
  [['uninstall', '--timeout', 'soon'], 'a number of seconds is wanted'],
  [['uninstall', '--timeout', 'Infinity'], 'at most a day'],
  [['link', 'Not_A_Name', '--endpoint', 'h:1'], '"Not_A_Name" cannot be the name of a link'],
  [['install', '--cluster-id', 'Not_An_Id', '--kubeconfig', '/nonexistent'], 'cannot be a cluster id'],
  [['install', '--clusterset', 'Not A Set', '--kubeconfig', '/nonexistent'], 'Not A Set'],
  [['export', 'demo/web', '--kubeconfig', '/nonexistent'], '"demo/web" is not a Service'],
  [['unexport', 'Web', '--kubeconfig', '/nonexistent'], '"Web" is not a Service'],
  [['export', 'web', '-n', 'a b', '--kubeconfig', '/nonexistent'], '--namespace "a b" cannot be'],
  [['export'], "missing required argument 'service'"],
])('fairlead %j cannot be used', async (args, message) => {
  const { code, stdout, stderr } = await fairlead(...args)
  expect(stderr).toContain(message)
  expect([code, stdout]).toEqual([2, ''])
})

test.each([[['status']], [['install']], [['uninstall']], [['export', 'web']], [['unexport', 'web']]])(
  'fairlead %j names the kubeconfig it cannot read',
  async (args) => {
    const { code, stderr } = await fairlead(...args, '--kubeconfig', '/nonexistent/kubeconfig')
    expect(stderr).toContain('/nonexistent/kubeconfig')
    expect(code).toBe(1)
  },
)

test('a dry run prints objects for kubectl and talks on standard error', async () => {
  const { code, stdout, stderr } = await fairlead('install', '--dry-run', '--cluster-id', 'east')
  expect(code).toBe(0)
  expect(stdout).toContain('kind: Deployment')
  expect(stdout).toContain('value: east')
  expect(stdout).not.toContain('tls.key:')
  expect(stderr).toContain('not shown: Secrets')
})

test('a dry run for one namespace has everything in it, and can go without network policies', async () => {
  const dryRun = ['install', '--dry-run', '--namespace-scoped', '-n', 'shop']
  const { stdout } = await fairlead(...dryRun)
  expect(stdout).toContain('kind: NetworkPolicy')
  expect(stdout).not.toContain('fairlead-system')
  expect(stdout).not.toMatch(/kind: (ClusterRole|Namespace|CustomResourceDefinition|ClusterProperty)\b/)
  const without = await fairlead(...dryRun, '--no-network-policies')
  expect(without.stdout).not.toContain('kind: NetworkPolicy')
  expect(without.stdout).toContain('FAIRLEAD_OWN_NAMESPACE')
})

test('a server that refuses connections ends with the code for unreachable clusters', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-usage-'))
  const file = join(folder, 'kubeconfig')
  const cluster = { server: 'https://127.0.0.1:1', 'insecure-skip-tls-verify': true }
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  }
  writeFileSync(file, JSON.stringify(config))
  const { code, stderr } = await fairlead('status', '--kubeconfig', file)
  rmSync(folder, { recursive: true })
  expect(stderr).toContain('cannot reach the Kubernetes API at https://127.0.0.1:1')
  expect(code).toBe(3)
})
