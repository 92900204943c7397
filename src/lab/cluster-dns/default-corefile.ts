/**
 * The Corefile that kubeadm installs, so that tools which edit it find what they know.
 */

/** Where cluster DNS keeps its configuration. */
export const COREDNS_CONFIG = { namespace: 'kube-system', name: 'coredns', key: 'Corefile' } as const

/** kubeadm's default for the cluster domain. */
export function defaultCorefile(zone: string): string {
  return `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${zone} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${zone}
       disable denial ${zone}
    }
    loop
    reload
    loadbalance
}
`
}
