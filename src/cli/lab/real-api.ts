/** Where the programs of a real API server are, and what to tell who has none. */
import { UsageError } from '../../core/errors.ts'
import { missingPrograms } from '../../lab/real-api/control-plane.ts'
import { LabMode } from '../../lab/topology.ts'
import type { CliContext } from '../context.ts'
import { LabApi, type UpOptions } from './up-options.ts'

/** Folder of the programs; undefined for the embedded API server. Throws UsageError when there is none. */
export async function assetsFor(
  { env }: Pick<CliContext, 'env'>,
  { api, mode }: Pick<UpOptions, 'api' | 'mode'>,
): Promise<string | undefined> {
  if (api === LabApi.embedded) return undefined
  if (mode !== LabMode.namespaces) throw new UsageError('--api real needs --mode namespaces')
  const folder = env['KUBEBUILDER_ASSETS'] ?? ''
  if (folder === '') throw new UsageError(`--api real: KUBEBUILDER_ASSETS names no folder; ${ADVICE}`)
  const missing = await missingPrograms(folder)
  if (missing.length === 0) return folder
  throw new UsageError(`--api real: KUBEBUILDER_ASSETS=${folder} lacks ${missing.join(', ')}; ${ADVICE}`)
}

const ADVICE =
  'setup-envtest gets the programs, and in a checkout "npm run --silent kube:assets" builds them and prints the folder'
