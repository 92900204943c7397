/** nginx as an HTTPS ingress on loopback: it ends TLS and forwards WebSockets to a port, as ingress-nginx does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthority, issueCertificate, type KeyPair } from '../../src/pki/certificates.ts'
import { commandPath } from './command-path.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'

export class NginxIngress implements AsyncDisposable {
  readonly port: number
  /** Of the authority that its certificate is of. */
  readonly ca: string
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(port: number, ca: string, process: ChildProcess, folder: string) {
    this.port = port
    this.ca = ca
    this.#process = process
    this.#folder = folder
  }

  /** Its certificate is for `name`. */
  static async start(target: number, name: string): Promise<NginxIngress> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-nginx-'))
    const [port] = (await freePorts(1)) as [number]
    const { authority, leaf } = await ingressCertificate(name)
    await writeFile(join(folder, 'tls.crt'), leaf.certPem)
    await writeFile(join(folder, 'tls.key'), leaf.keyPem)
    const listen = `127.0.0.1:${port}`
    const conf = ingressConfiguration({ folder, scratch: folder, listen, target: `127.0.0.1:${target}` })
    await writeFile(join(folder, 'nginx.conf'), conf)
    const child = spawn(commandPath('nginx') ?? 'nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
      stdio: 'ignore',
    })
    const ingress = new NginxIngress(port, authority.certPem, child, folder)
    await eventually(() => answers(port))
    return ingress
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await exited
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}

/** A certificate for `name`, and the authority that it is of. */
export async function ingressCertificate(name: string): Promise<{ authority: KeyPair; leaf: KeyPair }> {
  const authority = await createAuthority({ commonName: 'ingress root', days: 1 })
  const request = { commonName: name, dnsNames: [name], usages: ['server'] as const, days: 1 }
  return { authority, leaf: await issueCertificate(authority, request) }
}

export interface IngressConfiguration {
  /** Holds tls.crt and tls.key. */
  readonly folder: string
  /** It may write here. */
  readonly scratch: string
  /** Addresses with their ports. */
  readonly listen: string
  readonly target: string
}

/** nginx.conf of an ingress before the WebSocket port of a router. */
export function ingressConfiguration({ folder, scratch, listen, target }: IngressConfiguration): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
master_process off;
pid ${scratch}/nginx.pid;
error_log ${scratch}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((kind) => `${kind}_temp_path ${scratch}/${kind};`).join('\n  ')}
  server {
    listen ${listen} ssl;
    ssl_certificate ${folder}/tls.crt;
    ssl_certificate_key ${folder}/tls.key;
    location /amqp {
      proxy_pass http://${target};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $host;
      proxy_read_timeout 3600s;
      proxy_send_timeout 3600s;
    }
  }
}
`
}
