/**
 * Where other clusters reach this one: its routers, and its redemption port.
 */
import { JOIN_SERVICE } from '../../api/invite.ts'
import { Port } from '../../api/names.ts'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import { FairleadError } from '../../core/errors.ts'
import { isForbidden } from '../../kube/errors.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import { isOutside, type Node, type OutsideAddress, outsideAddresses } from '../outside-addresses.ts'

const ROUTER_SERVICE = 'fairlead-router'

/** The Service has no address outside, and will have none as it is; the message says what to do. */
export class NoOutsideAddressError extends FairleadError {
  override readonly name = 'NoOutsideAddressError'

  constructor(message: string, options: ErrorOptions = {}) {
    super('no-outside-address', message, options)
  }
}

/** Where a redemption port at this address is redeemed. */
export function joinUrl({ host, port }: OutsideAddress): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

export interface OwnAddressesDeps {
  readonly client: Pick<KubeClient, 'list'>
  readonly services: Pick<Store<Service>, 'get'>
}

export class OwnAddresses {
  readonly #deps: OwnAddressesDeps
  readonly #namespace: string

  constructor(deps: OwnAddressesDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
  }

  /** `https://host:port`; undefined while there is no address yet. Throws NoOutsideAddressError. */
  async joinUrl(): Promise<string | undefined> {
    const [first] = await this.#outside(JOIN_SERVICE, Port.join, 'spec.url')
    return first && joinUrl(first)
  }

  /** None where routers are not dialled from outside. */
  async routers(): Promise<readonly OutsideAddress[]> {
    try {
      return await this.#outside(ROUTER_SERVICE, Port.link, 'spec.endpoints')
    } catch (error) {
      if (error instanceof NoOutsideAddressError) return []
      throw error
    }
  }

  async #outside(name: string, port: number, instead: string): Promise<OutsideAddress[]> {
    const service = this.#deps.services.get({ namespace: this.#namespace, name })
    if (service === undefined || !isOutside(service))
      throw new NoOutsideAddressError(
        `Service ${name} has no outside address: install with an overlay that gives it one, or say ${instead}`,
      )
    const nodes = service.spec?.type === 'NodePort' ? await this.#nodes(name, instead) : []
    return outsideAddresses(service, port, nodes)
  }

  async #nodes(name: string, instead: string): Promise<readonly Node[]> {
    try {
      return (await this.#deps.client.list<Node>(Resource.node)).items
    } catch (cause) {
      if (!isForbidden(cause)) throw cause
      throw new NoOutsideAddressError(
        `Service ${name} is of type NodePort, and the controller may not list nodes: say ${instead}`,
        { cause },
      )
    }
  }
}
