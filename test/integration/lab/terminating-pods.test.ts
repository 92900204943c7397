/** Endpoints on their way out: still in their slices, still served, and gone when they are. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EndpointSlice } from '../../../src/api/objects.ts'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'
import { collect } from '../../support/run.ts'

const SLOW = 60_000

/** Answers every connection with its name and who asks, and ends some time after SIGTERM. */
const SERVER = `
import os, signal, socket, sys, threading
def leave(*_):
    print("hook ran" if os.path.exists("/tmp/hook") else "no hook ran", flush=True)
    threading.Timer(3, lambda: os._exit(0)).start()
signal.signal(signal.SIGTERM, leave)
server = socket.create_server(("", 8080))
while True:
    peer, (address, _) = server.accept()
    peer.sendall((os.uname().nodename + " " + address + "\\n").encode())
    peer.close()
`

const pod = (name: string, container: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: {
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: 'web',
        image: 'none',
        command: ['python3', '-c', SERVER],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        ...container,
      },
    ],
  },
})

const service = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
})

describeInLab(['python3'], 'pods that terminate', () => {
  let lab: Clusters
  const applyAll = (...items: object[]) =>
    apply(lab, 'east', JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const ready = (name: string) =>
    lab.kubectl('east', ['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=20s'])
  const remove = (name: string, ...flags: string[]) =>
    lab.kubectl('east', ['delete', 'pod', name, '--wait=false', ...flags])
  const ask = async (host: string) =>
    (await lab.exec('east', ['nc', '-w', '2', host, '80'], { codes: [0, 1] })).stdout.trim()

  /** Conditions by pod, of the Service called `name`. */
  async function conditions(name: string): Promise<Record<string, unknown>> {
    const selector = `kubernetes.io/service-name=${name}`
    const { stdout } = await lab.kubectl('east', ['get', 'endpointslices', '-l', selector, '-o', 'json'])
    const endpoints = (JSON.parse(stdout) as { items: EndpointSlice[] }).items.flatMap(
      (slice) => slice.endpoints,
    )
    return Object.fromEntries(endpoints.map((each) => [each.targetRef?.name, each.conditions]))
  }
  const ENDING = { ready: false, serving: true, terminating: true }

  beforeAll(async () => {
    lab = await upLab(['east'], '--bare')
    await applyAll(service('web'), service('all', { publishNotReadyAddresses: true }))
  }, SLOW)
  afterAll(() => lab?.down(), SLOW)

  test(
    'stay in their slice while they shut down, and are served when there is no other',
    async () => {
      await applyAll(pod('alone'))
      await ready('alone')
      await eventually(async () => expect(await ask('web.default')).toMatch(/^alone /))
      await remove('alone')
      await eventually(async () => expect((await conditions('web'))['alone']).toEqual(ENDING))
      expect((await conditions('all'))['alone']).toEqual({ ...ENDING, ready: true })
      expect(await ask('web.default')).toMatch(/^alone /)
      await eventually(async () => expect(await conditions('web')).toEqual({}))
      expect(await ask('web.default')).toBe('')
    },
    SLOW,
  )

  test(
    'run their preStop hook before SIGTERM, and answer meanwhile',
    async () => {
      const preStop = { exec: { command: ['sh', '-c', 'sleep 2; touch /tmp/hook'] } }
      await applyAll(pod('polite', { lifecycle: { preStop } }), pod('other'))
      await Promise.all(['polite', 'other'].map(ready))
      const log = collect(lab.startKubectl('east', ['logs', '-f', 'polite']).stdout)
      await remove('polite')
      await eventually(async () => expect((await conditions('web'))['polite']).toEqual(ENDING))
      // The other one is ready: nothing new goes to the one that ends.
      await eventually(async () => expect(await ask('web.default')).toMatch(/^other /))
      await eventually(async () => expect(Object.keys(await conditions('web'))).toEqual(['other']))
      expect(await log).toBe('hook ran\n')
    },
    SLOW,
  )

  test('without grace are gone at once', async () => {
    await remove('other', '--grace-period=0', '--force')
    await eventually(async () => expect(await conditions('web')).toEqual({}))
    expect(await ask('web.default')).toBe('')
  })

  test(
    'a pod that calls a cluster address is seen with its own, its account beside it',
    async () => {
      const caller = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'caller' },
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'ask',
              image: 'none',
              command: ['sh', '-c', 'until nc -w 2 web.default 80 | grep .; do sleep 0.1; done; sleep 60'],
            },
          ],
        },
      }
      await applyAll(pod('seer'), caller)
      await eventually(async () => {
        const told = await lab.kubectl('east', ['get', 'pod', 'caller', '-o', 'json'])
        const { spec, status } = JSON.parse(told.stdout) as {
          spec: { serviceAccountName: string }
          status: { podIP: string }
        }
        expect(spec.serviceAccountName).toBe('default')
        expect((await lab.kubectl('east', ['logs', 'caller'])).stdout.trim()).toBe(`seer ${status.podIP}`)
      })
    },
    SLOW,
  )
})
