/** The resolver on real sockets, asked by BIND's dig. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ZONE } from '../../support/dns-fixture.ts'
import { CROWD, type RunningServer, startServer } from '../../support/dns-server.ts'
import { describeWith } from '../../support/missing.ts'
import { run } from '../../support/run.ts'

const SVC1 = `svc1.testns.svc.${ZONE}`

describeWith(['dig'], 'dig', () => {
  let running: RunningServer
  const dig = async (...args: string[]) => {
    const { host, port } = running
    const { stdout } = await run(['dig', `@${host}`, '-p', String(port), '+tries=1', '+time=5', ...args])
    return stdout
  }
  const short = async (...args: string[]) => (await dig('+short', ...args)).trim().split('\n').sort()

  beforeAll(async () => {
    running = await startServer()
  })
  afterAll(() => running.server.stop())

  test('reads addresses, services and the version', async () => {
    expect(await short(SVC1)).toEqual(['10.0.0.1'])
    expect(await short(`svc6.testns.svc.${ZONE}`, 'AAAA')).toEqual(['1234:abcd::1'])
    expect(await short(`_http._tcp.${SVC1}`, 'SRV')).toEqual([`0 100 80 ${SVC1}.`])
    expect(await short(`dns-version.${ZONE}`, 'TXT')).toEqual(['"1.0.0"'])
    expect(await short(ZONE, 'NS')).toEqual([`ns.dns.${ZONE}.`])
  })

  test('sees an authoritative answer with EDNS, and the case it asked in', async () => {
    const output = await dig('SVC1.testns.SVC.clusterset.local')
    expect(output).toMatch(/flags: qr aa rd;/)
    expect(output).toContain('EDNS: version: 0, flags:; udp: 1232')
    expect(output).toMatch(/^SVC1\.testns\.SVC\.clusterset\.local\.\s+5\s+IN\s+A\s+10\.0\.0\.1$/m)
    expect(output).not.toMatch(/malformed|mismatch|extra bytes/i)
  })

  test('sees NXDOMAIN and NODATA, each with the SOA', async () => {
    const nxdomain = await dig(`nosuch.testns.svc.${ZONE}`)
    expect(nxdomain).toContain('status: NXDOMAIN')
    expect(nxdomain).toMatch(
      /SOA\s+ns\.dns\.clusterset\.local\. hostmaster\.clusterset\.local\. 7 7200 1800 86400 5/,
    )
    const nodata = await dig(SVC1, 'AAAA')
    expect(nodata).toMatch(/status: NOERROR/)
    expect(nodata).toMatch(/ANSWER: 0, AUTHORITY: 1/)
  })

  test('is truncated over UDP and asks again over TCP', async () => {
    const name = `crowd.testns.svc.${ZONE}`
    const cut = await dig('+ignore', '+bufsize=1232', name)
    expect(cut).toMatch(/flags: qr aa tc rd;/)
    expect(cut).toContain('EDNS: version: 0')
    expect(await short(name)).toEqual([...CROWD].sort())
  })

  test('is refused what is not ours, other classes, transfers, and EDNS versions of the future', async () => {
    expect(await dig('example.com')).toContain('status: REFUSED')
    expect(await dig(ZONE, '-c', 'CH', 'TXT')).toContain('status: REFUSED')
    expect(await dig(ZONE, 'AXFR')).toContain('Transfer failed')
    expect(await dig('+edns=1', '+noednsnegotiation', SVC1)).toContain('status: BADVERS')
    expect(await dig('+opcode=notify', SVC1)).toContain('status: NOTIMP')
  })

  test('gets a label with a dot in it denied, not mistaken', async () => {
    expect(await dig(`svc1\\.testns.svc.${ZONE}`)).toContain('status: NXDOMAIN')
  })
})
