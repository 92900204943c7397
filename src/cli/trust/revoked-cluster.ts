/**
 * What of a cluster is left in another one: its Links and its part of imports. For commands that wait until it has ended.
 */
import { findCondition } from '../../api/conditions.ts'
import { LinkCondition, type LinkResource } from '../../api/link.ts'
import type { ServiceImport } from '../../api/mcs.ts'
import { Resource } from '../../api/resources.ts'
import type { Member } from '../member.ts'

/** Names, as people know the objects. */
export interface Remains {
  /** Links with it that stand. */
  readonly links: readonly string[]
  /** Imports that it has a part in, `namespace/name`. */
  readonly imports: readonly string[]
}

export async function remainsOf(
  { client, systemNamespace: namespace, served }: Member,
  cluster: string,
): Promise<Remains> {
  const [links, imports] = await Promise.all([
    client.list<LinkResource>(Resource.link, { namespace }),
    client.list<ServiceImport>(Resource.serviceImport, served),
  ])
  return {
    links: links.items.filter((link) => leadsTo(link, cluster)).map(({ metadata }) => metadata.name ?? ''),
    imports: imports.items
      .filter(({ status }) => status?.clusters?.some((each) => each.cluster === cluster))
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  }
}

export function hasRemains({ links, imports }: Remains): boolean {
  return links.length > 0 || imports.length > 0
}

/** `2 links and 1 import`. */
export function remainsText({ links, imports }: Remains): string {
  return `${counted(links.length, 'link')} and its part of ${counted(imports.length, 'import')}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function leadsTo({ status }: LinkResource, cluster: string): boolean {
  const isEstablished = findCondition(status?.conditions, LinkCondition.established)?.status === 'True'
  return status?.remoteCluster === cluster && isEstablished
}
