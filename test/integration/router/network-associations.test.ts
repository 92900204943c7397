/** UDP between two whole routers: AMQP data connections over mutual TLS on loopback. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { eventually } from '../../support/eventually.ts'
import { networkPair } from '../../support/network-pair.ts'
import { echoPort } from '../../support/router-pair.ts'
import { exportingEcho, importingEcho, overUdp } from '../../support/routes.ts'
import { serveUdpEcho, UdpClient } from '../../support/udp.ts'
import { describeAssociations } from '../../support/udp-behaviours.ts'
import { dropsOf, metricOf } from '../../support/udp-metrics.ts'

describeAssociations('associations of routers joined by a link', networkPair)

describe('a link that is lost', () => {
  const owned: AsyncDisposable[] = []

  afterEach(async () => {
    for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
  })

  function own<T extends AsyncDisposable>(part: T): T {
    owned.push(part)
    return part
  }

  test('leaves associations alone: the same port of the router speaks to the backend when it is back', async () => {
    const pair = own(await networkPair())
    const server = own(await serveUdpEcho())
    pair.eastRoutes.set(overUdp(exportingEcho(server.port)))
    pair.westRoutes.set({ ...pair.westRoutes.current(), listeners: overUdp(importingEcho).listeners })
    const asker = own(await UdpClient.to(await echoPort(pair.west, 'UDP')))
    asker.send('before')
    await eventually(() => expect(asker.texts).toEqual(['before']))
    for (let loss = 1; loss <= 3; loss++) {
      await pair.loseLink()
      const dropped = await dropsOf(pair.westMetrics, 'ingress', 'link')
      asker.send('meanwhile')
      await eventually(async () =>
        expect(await dropsOf(pair.westMetrics, 'ingress', 'link')).toBeGreaterThan(dropped),
      )
      await pair.restoreLink()
      await eventually(() => {
        asker.send(`after ${loss}`)
        return asker.texts.includes(`after ${loss}`)
      })
    }
    expect(server.clients.size).toBe(1)
    const opened = 'fairlead_router_udp_associations_opened_total{side="ingress"}'
    expect(await metricOf(pair.westMetrics, opened)).toBe(1)
  }, 60_000)
})
