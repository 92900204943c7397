/** A Kubernetes API over HTTP whose answers the test writes, and a kubeconfig that leads to it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface StubAnswer {
  readonly status: number
  readonly value: unknown
}

export interface StubRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface StubApi {
  /** By what the path begins with; the longest counts. Anything else is not found. */
  readonly answers: Record<string, StubAnswer>
  readonly requests: readonly StubRequest[]
  /** Has one context, `c`, in namespace demo. */
  readonly kubeconfig: string
  stop(): Promise<void>
}

const NOT_FOUND: StubAnswer = { status: 404, value: { kind: 'Status', message: 'none' } }

export async function startStubApi(answers: Record<string, StubAnswer> = {}): Promise<StubApi> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-stub-'))
  const requests: StubRequest[] = []
  const server = createServer(({ method = '', url = '', headers }, response) => {
    requests.push({ method, url, headers })
    const [key = ''] = Object.keys(answers)
      .filter((path) => url.startsWith(path))
      .sort((a, b) => b.length - a.length)
    const { status, value } = answers[key] ?? NOT_FOUND
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const config = {
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'demo' } }],
    'current-context': 'c',
  }
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 })
  return {
    answers,
    requests,
    kubeconfig,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true })
    },
  }
}

/** As kube-apiserver refuses. */
export function forbidden(what: string, namespace: string): StubAnswer {
  const [, , kind = 'it'] = /^(\w+) resource "(.*)"$/.exec(what) ?? []
  const message = `${kind} is forbidden: User "ada" cannot ${what} in the namespace "${namespace}"`
  return { status: 403, value: { kind: 'Status', reason: 'Forbidden', code: 403, message, details: {} } }
}
