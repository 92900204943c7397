/** Which of the user's own tools the demo can show, and how to get the others. */
import { delimiter, join } from 'node:path'
import { executable } from '../../lab/host/requirements.ts'

export interface DemoTools {
  readonly kubectl: boolean
  readonly curl: boolean
}

/** Looks on PATH. */
export function findTools(path: string): DemoTools {
  const has = (name: string) => path.split(delimiter).some((folder) => executable(join(folder, name)))
  return { kubectl: has('kubectl'), curl: has('curl') }
}

/** What to say about tools that are missing; empty when none is. */
export function adviceOn({ kubectl, curl }: DemoTools): string[] {
  return [
    ...(kubectl
      ? []
      : ['kubectl is not installed (apt-get install kubernetes-client): fairlead applies the files itself']),
    ...(curl ? [] : ['curl is not installed (apt-get install curl): a client of ours asks instead']),
  ]
}
