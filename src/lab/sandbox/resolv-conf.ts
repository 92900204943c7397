/** resolv.conf of pods (Kubernetes dnsPolicy ClusterFirst). */

/** Short names are looked up in the pod's namespace first. */
export function podResolvConf(dnsAddress: string, namespace: string): string {
  const search = [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local']
  return `nameserver ${dnsAddress}\nsearch ${search.join(' ')}\noptions ndots:5\n`
}
