/**
 * Two nginx stream proxies with one process each, mutual TLS between them, one TLS connection per flow; and the HTTP
 * origin. Datagrams go through them too, but plain: nginx knows no DTLS.
 */
import { join } from 'node:path'
import type { Serving } from '../children.ts'
import { entriesOf, freePorts, HOST, type Ports } from '../ports.ts'
import { type Certificate, CIPHER_SUITE, RELAY_NAME, type Stage } from '../stage.ts'
import type { Tools } from '../tools.ts'
import type { Competitor } from './system.ts'

type Nginx = NonNullable<Tools['nginx']>

/** Connections one process takes: two for each flow. */
const MAX_CONNECTIONS = 24_000

/** Bytes of the file that the HTTP origin serves. */
const FILE_BYTES = 1024

/** The path of that file. */
export const WEB_FILE = 'file'

/** The pair as a competitor. */
export function nginx(stage: Stage, tool: Nginx): Competitor {
  const start = async (targets: Ports, listen: string, tls: string): Promise<Serving> => {
    const names = entriesOf(targets).map(([name]) => name)
    const ports = await freePorts(names)
    const servers = entriesOf(ports).map(
      ([name, port]) =>
        `  server { listen ${HOST}:${port} ${name === 'datagrams' ? 'udp' : listen}; proxy_pass ${HOST}:${targets[name]}; ${name === 'datagrams' ? '' : tls} }\n`,
    )
    return await startNginx(stage, tool, ports, `stream {\n  proxy_timeout 1h;\n${servers.join('')}}\n`)
  }
  return {
    name: 'nginx',
    filesPerFlow: 2,
    pair: {
      far: async (origins) =>
        start(origins, 'backlog=4096 ssl', acceptingTls(await stage.certificate('far'))),
      near: async (far) => start(far, 'backlog=4096', connectingTls(await stage.certificate('near'))),
    },
  }
}

/** An HTTP server with one small file. */
export async function webOrigin(stage: Stage, tool: Nginx): Promise<Serving> {
  const ports = await freePorts(['web'])
  const file = await stage.file(WEB_FILE, 'x'.repeat(FILE_BYTES))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(stage.dir, kind)};\n`,
  )
  return await startNginx(
    stage,
    tool,
    ports,
    `http {
  access_log off;
  keepalive_requests 1000000000;
  tcp_nodelay on;
${temporary.join('')}  server { listen ${HOST}:${ports.web} backlog=4096; location = /${WEB_FILE} { alias ${file}; } }
}
`,
  )
}

async function startNginx(stage: Stage, tool: Nginx, ports: Ports, body: string): Promise<Serving> {
  const pidFile = await stage.file('nginx.pid', '')
  const config = await stage.file('nginx.conf', `${head(tool, pidFile)}${body}`)
  return await stage.children.program(tool.path, ['-e', 'stderr', '-p', stage.dir, '-c', config], ports)
}

function head({ streamModule }: Nginx, pidFile: string): string {
  return `load_module ${streamModule};
daemon off;
master_process off;
pid ${pidFile};
error_log stderr crit;
events { worker_connections ${MAX_CONNECTIONS}; }
`
}

function acceptingTls({ certificate, key, authority }: Certificate): string {
  return `ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites ${CIPHER_SUITE};
    ssl_client_certificate ${authority}; ssl_verify_client on;`
}

function connectingTls({ certificate, key, authority }: Certificate): string {
  return `proxy_ssl on; proxy_ssl_certificate ${certificate}; proxy_ssl_certificate_key ${key};
    proxy_ssl_protocols TLSv1.3; proxy_ssl_conf_command Ciphersuites ${CIPHER_SUITE};
    proxy_ssl_trusted_certificate ${authority}; proxy_ssl_verify on; proxy_ssl_name ${RELAY_NAME};`
}
