/** Runs the table of kubectl cases against the embedded server, or against the one FAIRLEAD_TEST_KUBECONFIG names. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { API_CASES, type ApiCase, type ApiStep, WIDGET_CRD } from '../../../support/api-cases.ts'
import { eventually } from '../../../support/eventually.ts'
import { type KubeApi, startKubeApi } from '../../../support/kube-api.ts'
import { describeWith } from '../../../support/missing.ts'
import { run } from '../../../support/run.ts'

const external = process.env['FAIRLEAD_TEST_KUBECONFIG']
const CASE_TIMEOUT = 120_000

describeWith(['kubectl'], 'kubectl', () => {
  let server: KubeApi | undefined
  let kubeconfig = external ?? ''
  const namespaces: string[] = []

  async function kubectl(args: readonly string[], input?: string, codes: readonly number[] = [0]) {
    return run(['kubectl', ...args], {
      env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${kubeconfig}.cache` },
      codes,
      ...(input === undefined ? {} : { input }),
    })
  }

  beforeAll(async () => {
    if (external === undefined) {
      server = await startKubeApi()
      kubeconfig = server.kubeconfig
    }
    await kubectl(['apply', '-f', '-'], WIDGET_CRD)
    await kubectl(['wait', 'crd/widgets.cases.fairlead.dev', '--for=condition=Established', '--timeout=30s'])
  }, CASE_TIMEOUT)

  afterAll(async () => {
    if (server === undefined) {
      await kubectl(['delete', 'namespace', '--wait=false', '--ignore-not-found', ...namespaces])
      await kubectl(['delete', 'crd', 'widgets.cases.fairlead.dev', '--wait=false'])
    }
    await server?.stop()
  }, CASE_TIMEOUT)

  async function perform(step: ApiStep, namespace: string): Promise<void> {
    const fill = (text: string) => text.replaceAll('$NS', namespace)
    const input = step.input === undefined ? undefined : fill(step.input)
    const result = await kubectl(words(step.kubectl).map(fill), input, [step.code ?? 0])
    if (step.stdout !== undefined) expect(result.stdout).toMatch(step.stdout)
    if (step.stderr !== undefined) expect(result.stderr).toMatch(step.stderr)
  }

  async function runCase({ steps }: ApiCase, index: number): Promise<void> {
    const namespace = `case-${index}-${process.pid}`
    if (steps.some((step) => step.kubectl.includes('$NS'))) {
      await kubectl(['create', 'namespace', namespace])
      namespaces.push(namespace)
    }
    for (const step of steps) {
      if (step.eventually === true)
        await eventually(() => perform(step, namespace), { within: 30_000, every: 200 })
      else await perform(step, namespace)
    }
  }

  for (const [index, entry] of API_CASES.entries()) {
    const skipped = external !== undefined && entry.labOnly !== undefined
    const name = skipped ? `${entry.name} [skipped: ${entry.labOnly}]` : entry.name
    const body = () => runCase(entry, index)
    if (skipped) test.skip(name, body, CASE_TIMEOUT)
    else test(name, body, CASE_TIMEOUT)
  }
})

/** Words of a command line; single quotes keep words together. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))
}
