/** What the processes of fairlead tell of themselves, read as anybody in the cluster could. */
import type { Clusters } from './clusters.ts'

/** Values by metric, all series and all replicas of one summed up. */
export interface ProcessMetrics {
  /** 0 when there is no such series (yet). */
  value(name: string): number
  /** The sum of the series whose labels are among others these. */
  labelled(name: string, labels: Readonly<Record<string, string>>): number
}

/** The routers of a cluster, now. Throws when one does not answer. */
export function routerMetrics(clusters: Clusters, cluster: string): Promise<ProcessMetrics> {
  return processMetrics(clusters, cluster, 'router')
}

/** The replicas of `router`, `controller` or `dns`, now. Throws when one does not answer. */
export async function processMetrics(
  clusters: Clusters,
  cluster: string,
  component: string,
): Promise<ProcessMetrics> {
  const path = `jsonpath={.items[?(@.spec.containers[0].name=="${component}")].status.podIP}`
  const pods = await clusters.kubectl(cluster, ['get', 'pods', '-n', 'fairlead-system', '-o', path])
  const urls = pods.stdout
    .trim()
    .split(' ')
    .map((address) => `http://${address}:9090/metrics`)
  const { stdout } = await clusters.exec(cluster, ['curl', '--silent', '--show-error', '--fail', ...urls])
  const series = stdout.split('\n').flatMap(readSeries)
  const sum = (wanted: (each: Series) => boolean) =>
    series.filter(wanted).reduce((total, { value }) => total + value, 0)
  return {
    value: (name) => sum((each) => each.name === name),
    labelled: (name, labels) => {
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      return sum((each) => each.name === name && wanted.every((label) => each.labels.includes(label)))
    },
  }
}

interface Series {
  readonly name: string
  readonly labels: string
  readonly value: number
}

function readSeries(line: string): Series[] {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  return name === undefined ? [] : [{ name, labels, value: Number(value) }]
}
