/** Two haproxy processes with one thread each, mutual TLS between them, one TLS connection per flow. */
import { childFiles, type Serving } from '../children.ts'
import { entriesOf, freePorts, HOST, type Ports, streamsOf } from '../ports.ts'
import { type Certificate, CIPHER_SUITE, RELAY_NAME, type Stage } from '../stage.ts'
import type { Tool } from '../tools.ts'
import type { Competitor } from './system.ts'

/** Files haproxy keeps for other things than connections. */
const OTHER_FILES = 200

/** The pair as a competitor. */
export function haproxy(stage: Stage, { path }: Tool): Competitor {
  const start = async (bind: string, server: string, targets: Ports): Promise<Serving> => {
    const ports = await freePorts(streamsOf(targets))
    const config = await stage.file('haproxy.cfg', configOf(ports, targets, bind, server))
    return await stage.children.program(path, ['-db', '-q', '-f', config], ports)
  }
  return {
    name: 'haproxy',
    filesPerFlow: 2,
    pair: {
      far: async (origins) => start(tlsOf(await stage.certificate('far')), '', origins),
      near: async (far) =>
        start('', `${tlsOf(await stage.certificate('near'))} verifyhost ${RELAY_NAME}`, far),
    },
  }
}

function tlsOf({ both, authority }: Certificate): string {
  return `ssl crt ${both} ca-file ${authority} verify required`
}

function configOf(ports: Ports, targets: Ports, bind: string, server: string): string {
  // It refuses to start when there are not two files for each connection.
  const connections = Math.floor((childFiles() - OTHER_FILES) / 2)
  const listeners = entriesOf(ports).map(
    ([name, port]) => `listen ${name}
  bind ${HOST}:${port} backlog 4096 ${bind}
  server far ${HOST}:${targets[name]} ${server}
`,
  )
  return `global
  nbthread 1
  maxconn ${connections}
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites ${CIPHER_SUITE}
  ssl-default-server-options ssl-min-ver TLSv1.3
  ssl-default-server-ciphersuites ${CIPHER_SUITE}
defaults
  mode tcp
  maxconn ${connections}
  timeout connect 10s
  timeout client 1h
  timeout server 1h
${listeners.join('')}`
}
