/** Child: a router that knows what many clusters export, because a router of another cluster has told it. Tells its port. */
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import { CredentialFolder } from '../../src/link/credential-folder.ts'
import { DirectoryStore } from '../../src/link/directory-store.ts'
import { HEARTBEAT } from '../../src/link/limits.ts'
import { dialSession } from '../../src/link/link-session.ts'
import { MessageCodec } from '../../src/link/message-codec.ts'
import { PROTOCOL } from '../../src/link/messages.ts'
import { TlsFiles } from '../../src/link/tls-files.ts'
import { eventually } from '../../test/support/eventually.ts'
import { startNetwork } from '../../test/support/network.ts'
import { signingWith } from '../../test/support/signed-origins.ts'
import { directoryOf } from '../discovery/clusterset.ts'
import type { HolderArgument } from './messages.ts'
import { countRecords } from './records.ts'

const argument = JSON.parse(process.argv[2] ?? '{}') as HolderArgument
const { clusters, exports } = argument
const { network } = await startNetwork({ tlsDir: argument.tlsDir })
await feed()
await eventually(() => countRecords(network.directory.current()) === clusters * exports, { within: 60_000 })
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.({ link: network.port })

/** A session of a router that has everything. It stays. */
async function feed(): Promise<void> {
  const store = new DirectoryStore(() => undefined)
  const origins = [...directoryOf({ clusters, exports, exporters: 1 }).values()]
  for (const [index, origin] of origins.entries()) {
    const sign = await signingWith(argument.signers[index] ?? '')
    store.replace(sign(origin))
  }
  const deps = { clock: systemClock, logger: silentLogger, metrics: createMetrics() }
  const tls = new TlsFiles(deps, new CredentialFolder(argument.feederTlsDir))
  await tls.start()
  const { cluster, role } = tls.current().identity
  await dialSession(
    { ...deps, tls, store, codec: new MessageCodec() },
    {
      hello: { type: 'hello', id: 'feeder', cluster, role, version: 'bench', protocol: PROTOCOL },
      heartbeat: HEARTBEAT,
      requirePeer: () => {},
      syncWith: () => ({ maySend: () => true, mayReceive: () => true }),
      onRoundTrip: () => {},
    },
    { endpoint: { host: '127.0.0.1', port: network.port } },
    new AbortController().signal,
  )
}
