/**
 * From the moment `kubectl apply` of a ServiceExport returns in east to an answering curl in west, over many exports.
 * The client is real curl in a pod of west, asked again and again through real DNS; a round of curl costs about 10 ms
 * here, which is the resolution.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { apply, type Clusters, rolledOut, upLab } from '../test/support/clusters.ts'
import { ROOT } from '../test/support/source-tree.ts'
import { type Summary, summarize } from './statistics.ts'

const CLIENT = `while read -r name; do
  until curl --silent --fail --output /dev/null --max-time 1 "http://$name.demo.svc.clusterset.local:8080/"; do :; done
  date +%s%N
done`

/** Milliseconds from applied to answered. Option: the number of exports (default 50). */
export async function run(args: readonly string[]): Promise<Summary> {
  const count = Number(args[0] ?? 50)
  const clusters = await upLab()
  try {
    await prepare(clusters, count)
    const samples = await measure(clusters, count)
    const summary = summarize(samples)
    console.log(`kubectl apply returned in east -> curl answered in west, ${count} exports, milliseconds`)
    console.table([summary])
    return summary
  } finally {
    await clusters.down()
  }
}

async function prepare(clusters: Clusters, count: number): Promise<void> {
  await clusters.kubectl('east', ['apply', '-f', join(ROOT, 'examples/hello/hello.yaml')])
  await clusters.kubectl('west', ['create', 'namespace', 'demo'])
  await rolledOut(clusters, 'east', 'hello')
  const names = Array.from({ length: count }, (_, index) => `bench-${index}`)
  await apply(clusters, 'east', names.map(service).join('---\n'))
}

async function measure(clusters: Clusters, count: number): Promise<number[]> {
  const client = clusters.startExec('west', ['sh', '-c', CLIENT])
  client.stderr?.pipe(process.stderr)
  const lines = createInterface({ input: client.stdout ?? process.stdin })[Symbol.asyncIterator]()
  const samples: number[] = []
  for (let index = 0; index < count; index++)
    samples.push(await sample(clusters, client, lines, `bench-${index}`))
  client.stdin?.end()
  await once(client, 'exit')
  return samples
}

async function sample(
  clusters: Clusters,
  client: ChildProcess,
  lines: AsyncIterator<string>,
  name: string,
): Promise<number> {
  await apply(clusters, 'east', serviceExport(name))
  const applied = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))
  client.stdin?.write(`${name}\n`)
  const line = await lines.next()
  if (line.done === true) throw new Error('the client pod ended early')
  return Number(BigInt(line.value) - applied) / 1e6
}

const service = (name: string) => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: demo}
spec: {selector: {app: hello}, ports: [{port: 8080}]}
`

const serviceExport = (name: string) => `apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: ${name}, namespace: demo}
`
