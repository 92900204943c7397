/** A lab of somebody who is not root: all of it inside a user namespace. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { fairlead } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab, noLabIpv6 } from '../../support/missing.ts'
import { type OrdinaryUser, ordinaryUser } from '../../support/ordinary-user.ts'
import type { RunOptions } from '../../support/run.ts'

const SLOW = 60_000

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: {
    volumes: [{ name: 'data', emptyDir: {} }],
    containers: [
      {
        name: 'web',
        image: 'none',
        command: [
          'sh',
          '-c',
          'echo hello > /srv/www/index.html; touch /etc/mine; cd /srv/www; exec python3 -m http.server --bind :: 8080',
        ],
        volumeMounts: [{ name: 'data', mountPath: '/srv/www' }],
        securityContext: { runAsUser: 65532 },
        readinessProbe: { httpGet: { port: 8080, path: '/index.html' } },
      },
    ],
  },
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    type: 'LoadBalancer',
    ipFamilyPolicy: 'PreferDualStack',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 8080 }],
  },
}

describeInLab(['setpriv', 'python3'], 'the lab of an ordinary user', () => {
  let user: OrdinaryUser
  const state = () => join(user.home, 'lab')
  const lab = (command: string, args: readonly string[], options: RunOptions = {}) =>
    user.fairlead(['lab', command, '--state', state(), ...args], options)
  const kubectl = (args: readonly string[], options: RunOptions = {}) =>
    user.run(['kubectl', '--kubeconfig', join(state(), 'kubeconfig'), ...args], options)

  beforeAll(async () => {
    user = await ordinaryUser()
    await lab('up', ['--bare', '--detach'])
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [POD, SERVICE] })
    await kubectl(['apply', '-f', '-'], { input })
    await kubectl(['wait', '--for=condition=Ready', 'pod/web', '--timeout=30s'])
  }, SLOW)
  afterAll(async () => {
    await lab('down', [])
    await user.leave()
  }, SLOW)

  test('runs pods that write to their own root and volumes', async () => {
    const { stdout } = await lab('exec', ['east', '--', 'curl', '-sS', '-m', '3', 'http://web/index.html'])
    expect(stdout).toBe('hello\n')
  })

  test('reaches LoadBalancer addresses from another cluster, until it is cut off', async () => {
    const ask = ['west', '--', 'curl', '-sS', '-m', '2', 'http://172.31.0.10/index.html']
    expect((await lab('exec', ask)).stdout).toBe('hello\n')
    await lab('cut', ['east', 'west'])
    expect((await lab('exec', ask, { codes: [28] })).code).toBe(28)
    await lab('heal', ['east', 'west'])
    expect((await lab('exec', ask)).stdout).toBe('hello\n')
  })

  test('has IPv6 where the machine has', async () => {
    const ask = ['west', '--', 'curl', '-sS', '-m', '2', 'http://[fd00:31::a]/index.html']
    const [answer, codes] = noLabIpv6() === undefined ? ['hello\n', [0]] : ['', [7]]
    expect((await lab('exec', ask, { codes })).stdout).toBe(answer)
  })

  test('lets pods change the rules of their node with NET_ADMIN only', async () => {
    const command = ['sh', '-c', 'nft add table ip made && nft delete table ip made']
    const podOf = (name: string, securityContext: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: {
        hostNetwork: true,
        restartPolicy: 'Never',
        containers: [{ name: 'nft', image: 'none', command, securityContext }],
      },
    })
    const items = [
      podOf('plain', {}),
      podOf('admin', { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }),
    ]
    await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
    const phases = ['get', 'pods', 'plain', 'admin', '-o', 'jsonpath={.items[*].status.phase}']
    await eventually(async () => expect((await kubectl(phases)).stdout).toBe('Failed Succeeded'))
  })

  test('passes exit codes on', async () => {
    expect((await lab('exec', ['east', '--', 'sh', '-c', 'exit 9'], { codes: [9] })).code).toBe(9)
  })

  test('is not seen by root under the same folder name', async () => {
    expect(
      (await fairlead(['lab', 'status', '--state', join(user.home, 'other')], { codes: [1] })).stderr,
    ).toContain('no lab runs here')
  })
})
