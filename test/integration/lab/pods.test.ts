/** Pods of a lab cluster as processes: what they see, how they start, fail, are probed, logged and ended. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { apply, type Clusters, upLab } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'

const SLOW = 60_000

interface PodJson {
  metadata: { name: string; uid: string }
  spec: { nodeName: string }
  status: {
    phase: string
    podIP: string
    containerStatuses: {
      restartCount: number
      ready: boolean
      state: { terminated?: { exitCode: number; reason: string }; waiting?: { reason: string } }
    }[]
  }
}

/** A pod with one container `main` that runs a shell script. */
function scriptPod(name: string, script: string, more: object = {}, container: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'demo', labels: { app: name } },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 2,
      ...more,
      containers: [{ name: 'main', image: 'none', command: ['sh', '-c', script], ...container }],
    },
  })
}

describeInLab([], 'pods of the lab', () => {
  let lab: Clusters
  const kubectl = async (...args: string[]) => (await lab.kubectl('east', ['-n', 'demo', ...args])).stdout
  const podJson = async (name: string) =>
    JSON.parse(await kubectl('get', 'pod', name, '-o', 'json')) as PodJson
  const applyAll = (...objects: string[]) =>
    apply(lab, 'east', `{"apiVersion":"v1","kind":"List","items":[${objects.join(',')}]}`)
  const inPhase = (name: string, phase: string) =>
    eventually(async () => {
      const pod = await podJson(name)
      if (pod.status.phase !== phase) throw new Error(`${name} is ${JSON.stringify(pod.status)}`)
      return pod
    })
  /** Runs a script in a pod to its end and gives what it wrote. */
  const outputOf = async (name: string, script: string, more: object = {}, container: object = {}) => {
    await applyAll(scriptPod(name, script, more, container))
    await inPhase(name, 'Succeeded')
    return await kubectl('logs', name)
  }

  beforeAll(async () => {
    lab = await upLab(['east'], '--bare')
    await lab.kubectl('east', ['create', 'namespace', 'demo'])
  }, SLOW)
  afterAll(() => lab.down(), SLOW)

  test('are told their names, addresses and settings by variables', async () => {
    await kubectl('create', 'configmap', 'settings', '--from-literal=color=red', '--from-literal=size=9')
    await kubectl('create', 'secret', 'generic', 'hidden', '--from-literal=word=s3cret')
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
    const output = await outputOf(
      'told',
      'echo $POD $NS $COLOR $WORD $CFG_size $BOTH; echo $IP; hostname; hostname -i; pwd; echo $NODE',
      {},
      {
        workingDir: '/usr/share',
        envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }],
        env: [
          field('POD', 'metadata.name'),
          field('NS', 'metadata.namespace'),
          field('IP', 'status.podIP'),
          field('NODE', 'spec.nodeName'),
          { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
          { name: 'WORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'word' } } },
          { name: 'BOTH', value: '$(COLOR)-$(WORD)-$$(COLOR)' },
        ],
      },
    )
    const { podIP } = (await podJson('told')).status
    expect(output).toBe(
      `told demo red s3cret 9 red-s3cret-$(COLOR)\n${podIP}\ntold\n${podIP}\n/usr/share\neast-node\n`,
    )
  })

  test('have the command of this build, wherever node_modules leads to', async () => {
    const output = await outputOf('build', 'realpath "$(command -v fairlead)"; fairlead version')
    const here = await lab.fairlead(['version'])
    expect(output).toBe(`/opt/fairlead/bin/fairlead.mjs\n${here.stdout}`)
  })

  test('see volumes where they mount them, and the machine never does', async () => {
    const output = await outputOf(
      'volumes',
      'cat /etc/settings/color /opt/w/word.txt /etc/labels; echo; cat /srv/deep/er/f; echo hi > /data/x; cat /data/x; echo > /etc/only-here; ls -A /etc/settings | head -1; ls /var/run/secrets/kubernetes.io/serviceaccount | xargs; test -s /var/run/secrets/kubernetes.io/serviceaccount/token',
      {
        volumes: [
          { name: 'cfg', configMap: { name: 'settings' } },
          { name: 'sec', secret: { secretName: 'hidden', items: [{ key: 'word', path: 'word.txt' }] } },
          { name: 'tmp', emptyDir: {} },
          {
            name: 'all',
            projected: {
              sources: [{ configMap: { name: 'settings', items: [{ key: 'size', path: 'f' }] } }],
            },
          },
          {
            name: 'labels',
            downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
          },
        ],
      },
      {
        volumeMounts: [
          { name: 'cfg', mountPath: '/etc/settings' },
          { name: 'sec', mountPath: '/opt/w' },
          { name: 'tmp', mountPath: '/data' },
          { name: 'all', mountPath: '/srv/deep/er' },
          { name: 'labels', mountPath: '/etc/labels', subPath: 'labels' },
        ],
      },
    )
    expect(output).toMatch(/^reds3cretapp="volumes"\n9hi\n\.\.data\nca\.crt namespace token\n$/)
    const { stdout } = await lab.exec('east', [
      'sh',
      '-c',
      'ls -d /etc/settings /etc/only-here /data 2>/dev/null; true',
    ])
    expect(stdout).toBe('')
  })

  test('see a changed ConfigMap in their volumes', async () => {
    await applyAll(
      scriptPod(
        'follows',
        'while [ "$(cat /cfg/color)" != blue ]; do sleep 0.05; done; echo changed',
        { volumes: [{ name: 'cfg', configMap: { name: 'settings' } }] },
        { volumeMounts: [{ name: 'cfg', mountPath: '/cfg' }] },
      ),
    )
    await inPhase('follows', 'Running')
    await kubectl('patch', 'configmap', 'settings', '--type=merge', '-p', '{"data":{"color":"blue"}}')
    await inPhase('follows', 'Succeeded')
  })

  test('run as the user, and with the root file system, that their security context says', async () => {
    if (process.getuid?.() !== 0) return
    const output = await outputOf(
      'user',
      'id -u; id -g; id -G; touch /x 2>/dev/null || echo read-only; touch /data/y && echo writable; grep NoNewPrivs /proc/self/status | cut -f2; fairlead version -o json | head -1; cat /s/word',
      {
        securityContext: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65533 },
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'sec', secret: { secretName: 'hidden', defaultMode: 0o440 } },
        ],
      },
      {
        securityContext: {
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'tmp', mountPath: '/data' },
          { name: 'sec', mountPath: '/s' },
        ],
      },
    )
    expect(output).toBe('65532\n65532\n65532 65533\nread-only\nwritable\n1\n{\ns3cret\n')
  })

  test('change the rules of their node with NET_ADMIN only', async () => {
    const script = 'nft add table ip made 2>/dev/null && nft delete table ip made && echo may || echo may not'
    const host = { hostNetwork: true }
    expect(await outputOf('plain', script, host)).toBe('may not\n')
    const add = { securityContext: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } } }
    expect(await outputOf('admin', script, host, add)).toBe('may\n')
  })

  test('run their init containers first, one after the other', async () => {
    const init = (name: string) => ({
      name,
      image: 'none',
      command: ['sh', '-c', `echo ${name} >> /w/log`],
      volumeMounts: [{ name: 'w', mountPath: '/w' }],
    })
    const output = await outputOf(
      'init',
      'cat /w/log',
      { initContainers: [init('one'), init('two')], volumes: [{ name: 'w', emptyDir: {} }] },
      { volumeMounts: [{ name: 'w', mountPath: '/w' }] },
    )
    expect(output).toBe('one\ntwo\n')
  })

  test('that fail are shown as Error, or started again and again', async () => {
    await applyAll(
      scriptPod('fails', 'echo bye; exit 3'),
      scriptPod('crashes', 'echo run; exit 1', { restartPolicy: 'Always' }),
    )
    const failed = await inPhase('fails', 'Failed')
    expect(failed.status.containerStatuses[0]?.state.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
    })
    await eventually(async () => {
      const [status] = (await podJson('crashes')).status.containerStatuses
      expect(status?.restartCount).toBeGreaterThanOrEqual(3)
    })
    await eventually(async () => expect(await kubectl('get', 'pod', 'crashes')).toMatch(/CrashLoopBackOff/))
    expect(await kubectl('logs', 'crashes', '--previous')).toBe('run\n')
  })

  test('are ready when their probe says so, and killed when they are no longer alive', async () => {
    const probe = (script: string) => ({
      exec: { command: ['sh', '-c', script] },
      periodSeconds: 1,
      failureThreshold: 1,
    })
    await applyAll(
      scriptPod(
        'probed',
        // It dies of its own once it was seen to be ready, whenever that is.
        'touch /alive; while [ ! -e /go ]; do sleep 0.05; done; touch /ready; while [ ! -e /seen ]; do sleep 0.05; done; rm /alive; sleep 100',
        { restartPolicy: 'Always', volumes: [{ name: 'w', emptyDir: {} }] },
        {
          startupProbe: probe('test -e /alive'),
          readinessProbe: probe('test -e /ready && touch /seen'),
          livenessProbe: probe('test -e /alive'),
          lifecycle: { postStart: { exec: { command: ['touch', '/go'] } } },
        },
      ),
    )
    // By a watch: a state that does not last is not missed.
    const watch = lab.startKubectl('east', ['-n', 'demo', 'get', 'pod', 'probed', '--watch'])
    let states = ''
    watch.stdout?.on('data', (chunk: Buffer) => {
      states += chunk.toString()
    })
    // In which of its lives it is seen to be ready depends on how soon it dies of that.
    await eventually(() => expect(states).toMatch(/ 1\/1 +Running .* [01]\/1 +\S+ +[1-9]/s), {
      within: 30_000,
    })
    watch.kill()
    await eventually(async () => expect(await kubectl('get', 'events')).toMatch(/Liveness probe failed/))
  })

  test('are killed and started again when their hook after the start fails', async () => {
    const hook = { postStart: { exec: { command: ['sh', '-c', 'echo no hook; exit 3'] } } }
    await applyAll(scriptPod('hooked', 'sleep 100', { restartPolicy: 'Always' }, { lifecycle: hook }))
    await eventually(async () =>
      expect(await kubectl('get', 'events')).toMatch(/FailedPostStartHook .*exit code 3: no hook/),
    )
    await eventually(async () =>
      expect((await podJson('hooked')).status.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0),
    )
    await kubectl('delete', 'pod', 'hooked', '--wait=false')
  })

  test('are logged: the end, since, with times, and followed', async () => {
    await applyAll(
      scriptPod(
        'talks',
        'for i in 1 2 3; do echo line $i; done; echo err >&2; while [ ! -e /tmp/x ]; do sleep 0.05; done',
      ),
    )
    await inPhase('talks', 'Running')
    await eventually(async () => expect(await kubectl('logs', 'talks')).toMatch(/line 3\n/))
    expect(await kubectl('logs', 'talks', '--tail=1')).toMatch(/^(err|line 3)\n$/)
    expect(await kubectl('logs', 'talks', '--timestamps', '--tail=1')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \w/)
    const follower = lab.startKubectl('east', ['-n', 'demo', 'logs', '-f', 'talks'])
    let followed = ''
    follower.stdout?.on('data', (chunk: Buffer) => {
      followed += chunk.toString()
    })
    await eventually(() => followed.includes('line 3') || Promise.reject(new Error(followed)))
    await kubectl('delete', 'pod', 'talks')
    await eventually(() => follower.exitCode === 0 || Promise.reject(new Error('still following')))
  })

  test(
    'get SIGTERM and their grace when deleted, and are killed after it',
    async () => {
      await applyAll(
        scriptPod('polite', 'trap "exit 0" TERM; while :; do sleep 0.05; done', {
          terminationGracePeriodSeconds: 50,
        }),
        scriptPod('stubborn', 'trap "" TERM; while :; do sleep 0.05; done', {
          terminationGracePeriodSeconds: 1,
        }),
      )
      await inPhase('polite', 'Running')
      await inPhase('stubborn', 'Running')
      await kubectl('delete', 'pod', 'polite', 'stubborn', '--timeout=20s')
      await expect(kubectl('get', 'pod', 'polite')).rejects.toThrow('NotFound')
    },
    SLOW,
  )

  test('go on while the API server is away', async () => {
    await applyAll(scriptPod('steady', 'sleep 1000', { restartPolicy: 'Always' }))
    const before = await inPhase('steady', 'Running')
    await lab.kill('east', 'api-server')
    const after = await inPhase('steady', 'Running')
    expect(after.status.containerStatuses[0]?.restartCount).toBe(0)
    expect(after.status.podIP).toBe(before.status.podIP)
  })

  test(
    'run again when the node process was killed',
    async () => {
      await lab.kill('east', 'node')
      await eventually(
        async () => {
          const pod = await inPhase('steady', 'Running')
          expect(pod.status.containerStatuses[0]).toMatchObject({ restartCount: 1, ready: true })
        },
        { within: 20_000 },
      )
    },
    SLOW,
  )
})
