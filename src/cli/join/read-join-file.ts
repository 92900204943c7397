/**
 * Reads the file of an invite. It comes from somebody else: nothing in it is applied but the two objects it should hold.
 */
import type { JoinRequest } from '../../api/invite.ts'
import { SYSTEM_NAMESPACE } from '../../api/names.ts'
import type { KubeObject } from '../../api/objects.ts'
import { apiVersion, Resource, type ResourceType } from '../../api/resources.ts'
import { UsageError } from '../../core/errors.ts'
import { parseAllDocuments } from '../yaml.ts'
import type { JoinFile } from './join-cluster.ts'

/** Longest file that is read, characters: a real one has a thousand. */
const MAX_FILE = 64 * 1024

/** Throws UsageError when the text is not what `fairlead invite` prints. */
export function readJoinFile(text: string): JoinFile {
  if (text.length > MAX_FILE) throw wrong('it is too long')
  const objects = documents(text)
  const [secret, ...secrets] = objects.filter((object) => isOf(object, Resource.secret))
  const [request, ...requests] = objects.filter((object) => isOf(object, Resource.joinRequest))
  if (secret === undefined || request === undefined) throw wrong('it lacks the Secret or the JoinRequest')
  if (secrets.length > 0 || requests.length > 0 || objects.length > 2)
    throw wrong('it holds more than a Secret and a JoinRequest')
  const { spec } = request as Partial<JoinRequest>
  if (spec?.codeSecret?.name !== secret.metadata.name)
    throw wrong('its Secret is not that of its JoinRequest')
  return { secret, request: { ...request, spec } as JoinRequest }
}

function documents(text: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw wrong('it is no YAML')
    const value = document.toJS({ maxAliasCount: 0 }) as Partial<KubeObject> | null
    if (value === null) return []
    const { metadata } = value
    if (typeof metadata?.name !== 'string' || metadata.namespace !== SYSTEM_NAMESPACE)
      throw wrong(`it holds what is not an object of namespace ${SYSTEM_NAMESPACE}`)
    return [value as KubeObject]
  })
}

function isOf(object: KubeObject, type: ResourceType): boolean {
  return object.apiVersion === apiVersion(type) && object.kind === type.kind
}

/** Never with what is in the file: that is a secret. */
function wrong(why: string): UsageError {
  return new UsageError(`the file is not one that "fairlead invite" prints: ${why}`)
}
