/**
 * Command lines of etcd, kube-apiserver and kube-controller-manager for one small cluster. Pure: files and ports come from the caller.
 */

/** Size at which the API server begins a new audit log and keeps the old one once. */
const AUDIT_LOG_MEGABYTES = 64

/** Files in PEM form unless said otherwise. */
export interface ControlPlaneFiles {
  /** Folder of etcd's data. */
  readonly etcdData: string
  readonly servingCert: string
  readonly servingKey: string
  /** Signs client certificates, and what pods are told to trust. */
  readonly clientCa: string
  /** Private key that signs service account tokens. */
  readonly accountKey: string
  /** The key to check them with. */
  readonly accountPublicKey: string
  /** Of a member of system:masters. */
  readonly kubeconfig: string
  /** How the API server reaches kubelets, for logs: its client certificate, the node's authority. None when absent. */
  readonly kubelet?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** Where the API server writes its audit log; none when absent. */
  readonly audit?: { readonly policy: string; readonly log: string }
}

export interface ControlPlaneAddresses {
  /** Client and peer URL of etcd, as `host:port`. */
  readonly etcdClient: string
  readonly etcdPeer: string
  readonly apiHost: string
  readonly apiPort: number
  readonly serviceCidr: string
  /** The address that the Service `kubernetes` leads to. */
  readonly advertise?: string
}

/** An etcd of one member, its data unsafe against a power cut: the clusters are short-lived. */
export function etcdCommand(
  program: string,
  { etcdData }: Pick<ControlPlaneFiles, 'etcdData'>,
  { etcdClient, etcdPeer }: Pick<ControlPlaneAddresses, 'etcdClient' | 'etcdPeer'>,
): string[] {
  return [
    program,
    '--name=default',
    `--data-dir=${etcdData}`,
    `--listen-client-urls=http://${etcdClient}`,
    `--advertise-client-urls=http://${etcdClient}`,
    `--listen-peer-urls=http://${etcdPeer}`,
    `--initial-advertise-peer-urls=http://${etcdPeer}`,
    `--initial-cluster=default=http://${etcdPeer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ]
}

/** A kube-apiserver with RBAC and service accounts on. */
export function apiServerCommand(
  program: string,
  files: ControlPlaneFiles,
  addresses: ControlPlaneAddresses,
): string[] {
  return [
    program,
    `--etcd-servers=http://${addresses.etcdClient}`,
    `--bind-address=${addresses.apiHost}`,
    `--secure-port=${addresses.apiPort}`,
    `--advertise-address=${addresses.advertise ?? addresses.apiHost}`,
    `--tls-cert-file=${files.servingCert}`,
    `--tls-private-key-file=${files.servingKey}`,
    `--client-ca-file=${files.clientCa}`,
    `--service-cluster-ip-range=${addresses.serviceCidr}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.accountPublicKey}`,
    `--service-account-signing-key-file=${files.accountKey}`,
    '--authorization-mode=Node,RBAC',
    // It marks new nodes as not ready; the controller that would take the mark away does not run.
    '--disable-admission-plugins=TaintNodesByCondition',
    '--allow-privileged=true',
    '--profiling=false',
    ...kubeletFlags(files),
    ...auditFlags(files),
  ]
}

function kubeletFlags({ kubelet }: ControlPlaneFiles): string[] {
  if (kubelet === undefined) return []
  return [
    `--kubelet-client-certificate=${kubelet.cert}`,
    `--kubelet-client-key=${kubelet.key}`,
    `--kubelet-certificate-authority=${kubelet.ca}`,
    '--kubelet-preferred-address-types=InternalIP',
  ]
}

function auditFlags({ audit }: ControlPlaneFiles): string[] {
  if (audit === undefined) return []
  return [
    `--audit-policy-file=${audit.policy}`,
    `--audit-log-path=${audit.log}`,
    '--audit-log-mode=blocking',
    `--audit-log-maxsize=${AUDIT_LOG_MEGABYTES}`,
    '--audit-log-maxbackup=1',
  ]
}

/** Every controller that a cluster without a cloud and without real nodes needs. */
export function controllerManagerCommand(program: string, files: ControlPlaneFiles): string[] {
  return [
    program,
    `--kubeconfig=${files.kubeconfig}`,
    `--root-ca-file=${files.clientCa}`,
    `--service-account-private-key-file=${files.accountKey}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--secure-port=0',
    '--controllers=*,-node-lifecycle-controller,-node-ipam-controller,-taint-eviction-controller',
    '--profiling=false',
  ]
}
