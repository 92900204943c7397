/** How a container's root is made: mounts that are shared, the script, privileges, files of /etc. */

import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ContainerScript, containerScript } from '../../../../src/lab/kubelet/container-script.ts'
import type { LabPod, LabPodSpec, SecurityContext } from '../../../../src/lab/kubelet/pod.ts'
import { hostsFile, podHostname, resolvConf } from '../../../../src/lab/kubelet/pod-files.ts'
import { privilegeFlags } from '../../../../src/lab/kubelet/privileges.ts'
import { parseMounts, sharedMounts } from '../../../../src/lab/kubelet/root-plan.ts'
import { quote } from '../../../../src/lab/kubelet/shell.ts'

const MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /dev rw - devtmpfs udev rw
24 22 0:20 / /run rw - tmpfs tmpfs rw
25 22 8:2 / /home rw,relatime - ext4 /dev/sda2 rw
26 25 8:3 / /home/my\\040disk rw - xfs /dev/sda3 rw
27 22 0:30 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
28 22 8:4 / /srv rw - btrfs /dev/sda4 rw
`

const pod = (spec: Partial<LabPodSpec>): LabPod => ({
  metadata: { name: 'web', namespace: 'demo' },
  spec: { containers: [], ...spec },
})

describe('mounts of the machine', () => {
  test('are read with their spaces', () => {
    expect(parseMounts(MOUNTS).map(({ path }) => path)).toContain('/home/my disk')
  })

  test('are shared where they hold files of people, outer ones first', () => {
    expect(sharedMounts(parseMounts(MOUNTS))).toEqual(['/home', '/home/my disk', '/srv'])
  })
})

describe('the script of a container', () => {
  const base: ContainerScript = {
    root: {
      mode: 'overlay',
      folder: '/run/f',
      binds: [{ source: '/run/v', target: '/etc/cfg', readOnly: true }],
      shared: ['/home'],
      entries: [],
      readOnly: true,
    },
    environment: new Map([
      ['PATH', '/bin'],
      ['my.name', "it's"],
    ]),
    command: ['serve', '--greeting', 'hello $world'],
    workingDir: '/srv',
    privileges: ['--reuid=5'],
  }

  test('lays one overlay over the root of the machine', () => {
    expect(containerScript(base)).toMatchSnapshot()
  })

  test('builds the root folder by folder where that is not allowed', () => {
    const entries = [{ name: 'etc' }, { name: 'bin', link: 'usr/bin' }]
    const root = { ...base.root, mode: 'skeleton' as const, shared: [], entries, readOnly: false }
    expect(containerScript({ ...base, root })).toMatchSnapshot()
  })

  test('quotes any word so that a shell gives it back', () => {
    const word = fc.string({ unit: 'binary-ascii' }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(word, (text) => {
        const echoed = execFileSync('/bin/sh', ['-c', `printf %s ${quote(text) || "''"}`], {
          encoding: 'utf8',
        })
        expect(echoed).toBe(text)
      }),
      { numRuns: 40 },
    )
  })
})

const USUAL =
  '--bounding-set=-all,+audit_write,+chown,+dac_override,+fowner,+fsetid,+kill,+mknod,+net_bind_service,+net_raw,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot'

describe('privileges', () => {
  test('of a container win over those of its pod', () => {
    const common = { runAsUser: 1, runAsGroup: 2, fsGroup: 3 }
    expect(
      privilegeFlags(pod({ securityContext: common }), { name: 'a', securityContext: { runAsUser: 9 } }),
    ).toEqual(expect.arrayContaining(['--reuid=9', '--regid=2', '--groups=3']))
  })

  test('make nobody another user where there is one only', () => {
    const flags = privilegeFlags(pod({ securityContext: { runAsUser: 1 } }), { name: 'a' }, true)
    expect(flags.filter((flag) => /^--(re)?[ug]id|groups/.test(flag))).toEqual([])
    expect(flags).toContain(USUAL)
  })

  test('are taken away and given back one by one', () => {
    const securityContext = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    }
    expect(privilegeFlags(pod({}), { name: 'a', securityContext })).toEqual([
      '--bounding-set=-all,+net_bind_service',
      '--inh-caps=-all',
      '--no-new-privs',
    ])
  })

  test('are what container runtimes leave when nothing is said, and more when that is asked for', () => {
    const flags = (securityContext: SecurityContext) =>
      privilegeFlags(pod({}), { name: 'a', securityContext })
    expect(flags({})).toEqual([USUAL, '--inh-caps=-all'])
    expect(flags({ capabilities: { add: ['NET_ADMIN'] } })).toEqual([
      `${USUAL},+net_admin`,
      '--inh-caps=-all',
    ])
    expect(flags({ capabilities: { add: ['ALL'], drop: ['CAP_CHOWN'] } })).toEqual([
      '--bounding-set=+all,-chown',
    ])
    expect(flags({ privileged: true })).toEqual([])
  })
})

describe('files of /etc', () => {
  const config = { dnsAddress: '10.96.0.10', hostResolvConf: 'nameserver 9.9.9.9\nsearch corp\n' }

  test('name the pod, its domain and its aliases', () => {
    const spec = { subdomain: 'db', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }
    expect(hostsFile(pod(spec), 'web', '10.244.0.5').split('\n').slice(2)).toEqual([
      '10.244.0.5 web.db.demo.svc.cluster.local web',
      '1.2.3.4 a b',
      '',
    ])
  })

  test.each([
    [
      'ClusterFirst',
      'nameserver 10.96.0.10\nsearch demo.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n',
    ],
    ['Default', 'nameserver 9.9.9.9\nsearch corp\n'],
    ['None', ''],
  ] as const)('follow dnsPolicy %s', (dnsPolicy, expected) => {
    expect(resolvConf(pod({ dnsPolicy }), config)).toBe(expected)
  })

  test('add what dnsConfig says', () => {
    const dnsConfig = {
      nameservers: ['1.1.1.1'],
      searches: ['x'],
      options: [{ name: 'ndots', value: '1' }, { name: 'rotate' }],
    }
    expect(resolvConf(pod({ dnsPolicy: 'None', dnsConfig }), config)).toBe(
      'nameserver 1.1.1.1\nsearch x\noptions ndots:1 rotate\n',
    )
  })

  test('host names are cut to what a host name may be', () => {
    expect(podHostname({ metadata: { name: `${'a'.repeat(62)}-b` } })).toBe('a'.repeat(62))
  })
})
