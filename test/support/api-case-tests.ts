/** The table of kubectl cases as tests, against whatever API server the caller starts. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { API_CASES, type ApiCase, type ApiStep, WIDGET_CRD } from './api-cases.ts'
import { eventually } from './eventually.ts'
import { run } from './run.ts'

const CASE_TIMEOUT = 120_000

/** An API server under test, and how to end it. */
export interface CasesServer {
  readonly kubeconfig: string
  stop(): Promise<void>
}

/** Declares one test for each case. `real`: cases that only the embedded server can have are left out. */
export function apiCaseTests(start: () => Promise<CasesServer>, real: boolean): void {
  let server: CasesServer | undefined

  async function kubectl(args: readonly string[], input?: string, codes: readonly number[] = [0]) {
    const kubeconfig = server?.kubeconfig ?? ''
    return run(['kubectl', ...args], {
      env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${kubeconfig}.cache` },
      codes,
      ...(input === undefined ? {} : { input }),
    })
  }

  beforeAll(async () => {
    server = await start()
    await kubectl(['apply', '-f', '-'], WIDGET_CRD)
    await kubectl(['wait', 'crd/widgets.cases.fairlead.dev', '--for=condition=Established', '--timeout=30s'])
  }, CASE_TIMEOUT)

  afterAll(() => server?.stop(), CASE_TIMEOUT)

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
    }
    for (const step of steps) {
      if (step.eventually === true)
        await eventually(() => perform(step, namespace), { within: 30_000, every: 200 })
      else await perform(step, namespace)
    }
  }

  for (const [index, entry] of API_CASES.entries()) {
    if (real && entry.labOnly !== undefined) continue
    test(entry.name, () => runCase(entry, index), CASE_TIMEOUT)
  }
}

/** Words of a command line; single quotes keep words together. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))
}
