/** Service addresses without nftables: a listener for each, joined to the endpoints in user space. */
import type { Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import type { TableDriver } from '../service-proxy/service-proxy.ts'
import type { ServiceTable, Target, VirtualPort } from '../service-proxy/service-table.ts'
import { EndpointChoice } from './endpoint-choice.ts'
import { TcpFrontend } from './tcp-frontend.ts'
import { UdpFrontend } from './udp-frontend.ts'

export interface ProxyDriverDeps {
  readonly clock: Clock
  readonly log: Logger
}

export interface ProxyDriverConfig {
  /** Where a port is listened at: ordinary users are refused low ones. */
  readonly portOf: (port: number) => number
}

interface Served {
  readonly choice: EndpointChoice
  readonly frontend: TcpFrontend | UdpFrontend
}

export class ProxyDriver implements TableDriver {
  readonly #deps: ProxyDriverDeps
  readonly #config: ProxyDriverConfig
  /** By protocol, address, port and Service. */
  readonly #served = new Map<string, Served>()

  constructor(deps: ProxyDriverDeps, config: ProxyDriverConfig) {
    this.#deps = deps
    this.#config = config
  }

  /** A port without endpoints is not listened at: clients are refused, as they should be. */
  async apply(table: ServiceTable): Promise<void> {
    const wanted = new Map<string, { port: VirtualPort; frontend: Target }>()
    for (const port of table.filter(({ endpoints }) => endpoints.length > 0)) {
      for (const frontend of port.frontends)
        wanted.set(`${port.id} ${frontend.address}:${frontend.port}`, { port, frontend })
    }
    for (const [key, { frontend }] of this.#served) {
      if (wanted.has(key)) continue
      frontend.close()
      this.#served.delete(key)
    }
    for (const [key, { port, frontend }] of wanted) {
      const present = this.#served.get(key)
      if (present === undefined) await this.#serve(key, port, frontend)
      else present.choice.update(port)
    }
  }

  async #serve(key: string, port: VirtualPort, { address, port: number }: Target): Promise<void> {
    const { clock, log } = this.#deps
    const choice = new EndpointChoice(clock, port)
    try {
      this.#served.set(key, { choice, frontend: await this.#open(port, choice, address, number) })
    } catch (error) {
      log.warn(
        { service: port.id, address, port: number, error: describeError(error) },
        'cannot listen for a Service',
      )
    }
  }

  async #open(
    port: VirtualPort,
    choice: EndpointChoice,
    address: string,
    number: number,
  ): Promise<Served['frontend']> {
    const frontend =
      port.protocol === 'tcp' ? new TcpFrontend(choice) : new UdpFrontend(this.#deps.clock, choice)
    await frontend.open(address, this.#config.portOf(number))
    return frontend
  }
}
