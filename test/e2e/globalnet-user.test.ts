/** Global addresses in the lab of somebody who is not root: agents with NET_ADMIN in a user namespace only. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { describeInLab } from '../support/missing.ts'
import { type OrdinaryUser, ordinaryUser } from '../support/ordinary-user.ts'

const UP = 240_000

/** Says whom it sees. */
const MIRROR = `
apiVersion: v1
kind: Pod
metadata: {name: mirror, namespace: demo, labels: {app: mirror}}
spec:
  containers:
    - name: mirror
      image: node
      command: [node, --eval, "require('node:http').createServer((q, a) => a.end(q.socket.remoteAddress)).listen(8080, '0.0.0.0')"]
      readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: mirror, namespace: demo}
spec:
  selector: {app: mirror}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: mirror, namespace: demo}
`

describeInLab(['setpriv'], 'global addresses of an ordinary user', () => {
  let user: OrdinaryUser
  const state = () => join(user.home, 'lab')
  const kubectl = async (cluster: string, args: readonly string[], input?: string) => {
    const command = ['kubectl', '--kubeconfig', join(state(), 'kubeconfig'), '--context', cluster, ...args]
    return (await user.run(command, input === undefined ? {} : { input })).stdout
  }

  beforeAll(async () => {
    user = await ordinaryUser()
    await user.fairlead(['lab', 'up', '--state', state(), '--detach', '--globalnet'], { timeout: UP })
    for (const cluster of ['east', 'west']) await kubectl(cluster, ['create', 'namespace', 'demo'])
    await kubectl('east', ['apply', '-f', '-'], MIRROR)
  }, UP)
  afterAll(async () => {
    await user.fairlead(['lab', 'down', '--state', state()])
    await user.leave()
  }, 60_000)

  test('a backend in east sees clients of west under one of the addresses of west', async () => {
    const ask = [
      'lab',
      'exec',
      '--state',
      state(),
      'west',
      '--',
      'curl',
      '--silent',
      '--fail',
      '--max-time',
      '3',
    ]
    await eventually(
      async () => {
        const egress = JSON.parse(
          await kubectl('west', ['get', 'gnet', 'cluster', '-o', 'jsonpath={.status.egressIPs}']),
        )
        const { stdout } = await user.fairlead([...ask, 'http://mirror.demo.svc.clusterset.local/'])
        expect(egress).toContain(stdout)
      },
      { within: 60_000 },
    )
  })
})
