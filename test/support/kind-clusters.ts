/**
 * The same scenarios on two kind clusters made by kind/up.sh. Client commands run in a pod of image
 * FAIRLEAD_E2E_CLIENT_IMAGE, which must hold the clients (curl, dig, psql, redis-cli, ssh, node).
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clusters } from './clusters.ts'
import { run, start } from './run.ts'
import { ROOT } from './source-tree.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const POD = 'fairlead-client'

/** Uses the clusters that kind/up.sh made; removes nothing but the client pods. */
export async function upKind(): Promise<Clusters> {
  await run([join(ROOT, 'kind/up.sh')], { timeout: 600_000 })
  const inCluster = (cluster: string, args: readonly string[]) => [
    'kubectl',
    '--context',
    `kind-${cluster}`,
    ...args,
  ]
  const inClient = (cluster: string, command: readonly string[]) =>
    inCluster(cluster, ['exec', '-i', POD, '--', ...command])
  for (const cluster of ['east', 'west'])
    await startClient((args, input) => run(inCluster(cluster, args), { input }))
  const notHere = (what: string) =>
    Promise.reject(new Error(`${what} needs the lab: run without FAIRLEAD_E2E=kind`))
  return {
    kubeconfig: process.env['KUBECONFIG'] ?? '',
    kubectl: (cluster, args, options) => run(inCluster(cluster, args), options),
    startKubectl: (cluster, args) => start(inCluster(cluster, args)),
    exec: (cluster, command, options) => run(inClient(cluster, command), options),
    startExec: (cluster, command, options) => start(inClient(cluster, command), options),
    execOn: () => notHere('exec'),
    fairlead: (args, options) => run([process.execPath, join(ROOT, 'bin/fairlead.mjs'), ...args], options),
    pki: join(ROOT, '.kind/pki'),
    cut: () => notHere('cut'),
    heal: () => notHere('heal'),
    reset: () => notHere('cut'),
    slow: () => notHere('slow'),
    status: () => notHere('status'),
    kill: () => notHere('kill'),
    audit: () => notHere('audit'),
    down: async () => {
      for (const cluster of ['east', 'west']) {
        await run(inCluster(cluster, ['delete', 'pod', POD, '--ignore-not-found', '--now']))
        await run(inCluster(cluster, ['delete', 'namespace', 'demo', '--ignore-not-found']))
      }
    },
  }
}

async function startClient(
  kubectl: (args: readonly string[], input: string) => Promise<unknown>,
): Promise<void> {
  const image = process.env['FAIRLEAD_E2E_CLIENT_IMAGE']
  if (image === undefined)
    throw new Error('set FAIRLEAD_E2E_CLIENT_IMAGE to an image with curl, dig, psql, redis-cli, ssh and node')
  await kubectl(['create', 'configmap', 'fairlead-test-support', `--from-file=${HERE}`], '')
  // Test scripts lie at the same path in the pod as on this machine, so that commands are the same.
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: POD },
    spec: {
      containers: [
        {
          name: 'client',
          image,
          command: ['sleep', 'infinity'],
          volumeMounts: [{ name: 'support', mountPath: HERE }],
        },
      ],
      volumes: [{ name: 'support', configMap: { name: 'fairlead-test-support' } }],
    },
  }
  await kubectl(['apply', '-f', '-'], JSON.stringify(pod))
  await kubectl(['wait', `pod/${POD}`, '--for=condition=Ready', '--timeout=120s'], '')
}
