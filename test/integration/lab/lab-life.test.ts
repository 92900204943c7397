/** A lab's life as its user sees it: up, twice up, killed, recovered, down; and commands in client pods. */
import { type ChildProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { LabStatus } from '../../../src/lab/control/protocol.ts'
import { fairlead, startFairlead } from '../../support/clusters.ts'
import { eventually } from '../../support/eventually.ts'
import { describeInLab } from '../../support/missing.ts'
import { collect } from '../../support/run.ts'

const SLOW = 60_000

/** Every process whose command line names the state folder, as the host sees them. */
function processesOf(state: string): [pid: string, commandLine: string][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid): [string, string] => {
      try {
        return [pid, readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
      } catch {
        return [pid, ''] // ended meanwhile
      }
    })
    .filter(([, line]) => line.includes(state))
}

/** What the host's own network looks like. */
function hostNetwork(): string {
  return ['link', 'route']
    .map((what) => spawnSync('ip', ['-o', what], { encoding: 'utf8' }).stdout)
    .join()
    .concat(spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' }).stdout)
}

describeInLab([], 'a lab', () => {
  const state = mkdtempSync(join(tmpdir(), 'fl-life-'))
  const lab = (command: string, ...args: string[]) => fairlead(['lab', command, '--state', state, ...args])
  const codes = { codes: [-1, ...Array.from({ length: 256 }, (_, code) => code)] }
  let network = ''
  let up: ChildProcess

  /** Starts `lab up` in the foreground and waits until it says that it is ready. */
  async function startUp(): Promise<ChildProcess> {
    const child = startFairlead(['lab', 'up', '--bare', '--state', state])
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(() => said.includes('ready: ') || Promise.reject(new Error(said)), { within: 30_000 })
    return child
  }

  beforeAll(async () => {
    network = hostNetwork()
    up = await startUp()
  }, SLOW)

  afterAll(async () => {
    await lab('down')
    rmSync(state, { recursive: true, force: true })
  }, SLOW)

  test('has a ready node in every cluster, reached by one kubeconfig', async () => {
    const status = JSON.parse((await lab('status', '-o', 'json')).stdout) as LabStatus
    expect(status.clusters.map(({ name, ready }) => [name, ready])).toEqual([
      ['east', true],
      ['west', true],
    ])
    const kubeconfig = (await lab('kubeconfig')).stdout.trim()
    for (const context of ['east', 'west']) {
      const nodes = spawnSync('kubectl', ['--kubeconfig', kubeconfig, '--context', context, 'get', 'nodes'], {
        encoding: 'utf8',
      })
      expect(nodes.stdout).toMatch(new RegExp(`${context}-node +Ready`))
    }
  })

  test('is told of a second up, which fails', async () => {
    const second = await fairlead(['lab', 'up', '--bare', '--state', state], codes)
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(/a lab runs in .* already/)
  })

  test('runs commands in client pods with an address, a host name and a resolv.conf of their own', async () => {
    const script = 'hostname; ip -o -4 addr show eth0; cat /etc/resolv.conf'
    const { stdout } = await lab('exec', 'west', '-n', 'demo', '--', 'sh', '-c', script)
    expect(stdout).toMatch(
      /^client-\w+\n.* 10\.244\.\d+\.\d+\/32 .*\nnameserver 10\.96\.0\.10\nsearch demo\.svc\.cluster\.local /s,
    )
  })

  test('hands over input, output and exit code exactly', async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
    const child = startFairlead(['lab', 'exec', '--state', state, 'east', '--', 'sh', '-c', 'cat; exit 37'])
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stdin?.end(bytes)
    expect(await once(child, 'close')).toEqual([37, null])
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
  })

  test('hands over signals, and the way a command ended by one', async () => {
    const command = ['sh', '-c', 'trap "echo caught; exit 5" TERM; echo on; while :; do sleep 0.05; done']
    const child = startFairlead(['lab', 'exec', '--state', state, 'east', '--', ...command])
    child.stdout?.once('data', () => child.kill('SIGTERM'))
    const output = collect(child.stdout)
    expect(await once(child, 'close')).toEqual([5, null])
    expect(await output).toBe('on\ncaught\n')
    const killed = await fairlead(
      ['lab', 'exec', '--state', state, 'east', '--', 'sh', '-c', 'kill -9 $$'],
      codes,
    )
    expect(killed.code).toBe(-1)
  })

  test('has no client pods left when their commands have ended', async () => {
    await eventually(async () => {
      const status = JSON.parse((await lab('status', '-o', 'json')).stdout) as LabStatus
      expect(status.clusters.map(({ clients }) => clients)).toEqual([0, 0])
    })
  })

  test('drops packets of open connections while cut, and lets them through when healed', async () => {
    // Every line on standard input sends bytes that no TLS client sends, and says whether an answer came within its
    // number of seconds: TCP sends again later and later while nothing comes through.
    const client = `
import socket, sys
peer = socket.create_connection(("172.31.0.10", 6443), 2)
print("open", flush=True)
for line in sys.stdin:
    peer.settimeout(int(line))
    try:
        peer.sendall(b"x" * 8)
        print("answered" if peer.recv(100) is not None else "", flush=True)
    except ConnectionResetError: # an answer too: the server has closed before it read all
        print("answered", flush=True)
    except TimeoutError:
        print("silence", flush=True)
`
    const child = startFairlead(['lab', 'exec', '--state', state, 'west', '--', 'python3', '-c', client])
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(() => said === 'open\n' || Promise.reject(new Error(said)))
    await lab('cut', 'west', 'east')
    expect((await lab('status')).stdout).toMatch(/east .* west\n/)
    child.stdin?.write('1\n')
    await eventually(() => said.includes('silence') || Promise.reject(new Error(said)))
    await lab('heal', 'east', 'west')
    child.stdin?.write('30\n')
    await eventually(() => said.includes('answered') || Promise.reject(new Error(said)), { within: 30_000 })
    child.stdin?.end()
    expect(await once(child, 'close')).toEqual([0, null])
  })

  test(
    'restarts an API server that is killed',
    async () => {
      await lab('kill', 'east', 'api-server')
      await eventually(async () => {
        const status = JSON.parse((await lab('status', '-o', 'json')).stdout) as LabStatus
        const [server] = status.clusters.find(({ name }) => name === 'east')?.processes ?? []
        expect(server).toMatchObject({ name: 'api-server', restarts: 1 })
      })
      const kubeconfig = (await lab('kubeconfig')).stdout.trim()
      await eventually(() => {
        const nodes = spawnSync('kubectl', ['--kubeconfig', kubeconfig, 'get', 'nodes'], { encoding: 'utf8' })
        expect(nodes.stdout).toContain('east-node')
      })
    },
    SLOW,
  )

  test(
    'leaves nothing when up is killed, and the next up recovers',
    async () => {
      const running = startFairlead(['lab', 'exec', '--state', state, 'east', '--', 'sleep', '300'])
      await eventually(async () => {
        const status = JSON.parse((await lab('status', '-o', 'json')).stdout) as LabStatus
        expect(status.clusters[0]?.clients).toBe(1)
      })
      // Its processes go too.
      await lab('slow', 'east', 'west', '--delay', '10')
      const gone = once(running, 'close')
      up.kill('SIGKILL')
      expect((await gone)[0]).not.toBe(0)
      await eventually(() => expect(processesOf(state)).toEqual([]))
      expect(hostNetwork()).toBe(network)
      expect(existsSync(join(state, 'control.sock'))).toBe(true)
      up = await startUp()
      expect((await lab('status')).stdout).toMatch(/east +Ready/)
    },
    SLOW,
  )

  test(
    'says so when it breaks, and keeps its logs',
    async () => {
      const ended = once(up, 'close')
      const init = processesOf(state).find(([, line]) => /^\S*node \S*lab-init/.test(line))
      process.kill(Number(init?.[0]), 'SIGKILL')
      expect((await ended)[0]).toBe(1)
      expect(existsSync(join(state, 'lab.log'))).toBe(true)
      up = await startUp()
    },
    SLOW,
  )

  test(
    'is gone without trace after down, which may be repeated',
    async () => {
      const ended = once(up, 'close')
      await lab('down')
      await ended
      await eventually(() => expect(processesOf(state)).toEqual([]))
      expect(hostNetwork()).toBe(network)
      expect(existsSync(state)).toBe(false)
      expect((await lab('down')).code).toBe(0)
    },
    SLOW,
  )
})
