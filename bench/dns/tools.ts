/** The programs of others that take part: which are here, and how to get those that are not. */
import { findTool, type Tool } from '../data-path/tools.ts'

/** What was found. */
export interface DnsTools {
  readonly dnsperf?: Tool
  readonly dnsmasq?: Tool
  readonly coredns?: Tool
}

/** How to get each. */
const INSTALL = {
  dnsperf: 'apt-get install dnsperf',
  dnsmasq: 'apt-get install dnsmasq-base',
  coredns: 'npm run --silent kube:assets builds it and prints the folder, which goes on PATH',
} as const

/** Looks for the programs on PATH and where Debian keeps servers. */
export function findDnsTools(): DnsTools {
  const [dnsperf, dnsmasq, coredns] = [
    findTool('dnsperf', ['-h'], /Version (\S+)/),
    findTool('dnsmasq', ['--version'], /version (\S+)/),
    findTool('coredns', ['-version'], /CoreDNS-(\S+)/),
  ]
  return { ...(dnsperf && { dnsperf }), ...(dnsmasq && { dnsmasq }), ...(coredns && { coredns }) }
}

/** One line for each program that is missing, the load first. */
export function missingDnsTools(tools: DnsTools): string[] {
  return (['dnsperf', 'dnsmasq', 'coredns'] as const)
    .filter((name) => tools[name] === undefined)
    .map((name) => `${name} is missing: ${INSTALL[name]}`)
}
