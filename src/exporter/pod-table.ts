/**
 * Which pod has which address, as small as it can be: a router keeps one entry for each pod of its cluster. Knows no
 * Kubernetes objects.
 */
import type { LabelledClient } from '../api/client-identity.ts'
import { sameValue } from '../core/compare.ts'
import { CLIENT_PODS_MAX, SHARED_WORDS_MAX } from './limits.ts'

/** A pod that has addresses for itself. */
export interface AddressedPod extends LabelledClient {
  readonly uid: string
  readonly addresses: readonly string[]
  /** Milliseconds; of two pods with one address the newer one has it. */
  readonly startedAt: number
}

/** Pods by address. Nearly every address has one pod: only others take an array. */
export class PodTable {
  readonly #pods = new Map<string, AddressedPod>()
  readonly #byAddress = new Map<string, AddressedPod | AddressedPod[]>()
  readonly #words = new Map<string, string>()
  readonly #max: number

  constructor(max = CLIENT_PODS_MAX) {
    this.#max = max
  }

  get size(): number {
    return this.#pods.size
  }

  /** The newest pod that has the address. */
  find(address: string): LabelledClient | undefined {
    const found = this.#byAddress.get(address)
    return Array.isArray(found) ? found.reduce(newer) : found
  }

  /** False when the table is full and the pod is not kept. */
  put(pod: AddressedPod): boolean {
    const known = this.#pods.get(pod.uid)
    if (known !== undefined && isSame(known, pod)) return true
    this.remove(pod.uid)
    if (this.#pods.size >= this.#max) return false
    const entry = this.#compact(pod)
    this.#pods.set(entry.uid, entry)
    for (const address of entry.addresses) this.#give(address, entry)
    return true
  }

  remove(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    for (const address of pod.addresses) this.#take(address, pod)
  }

  /** The uids of all pods. */
  uids(): string[] {
    return [...this.#pods.keys()]
  }

  #give(address: string, pod: AddressedPod): void {
    const holders = this.#byAddress.get(address)
    if (holders === undefined) this.#byAddress.set(address, pod)
    else if (Array.isArray(holders)) holders.push(pod)
    else this.#byAddress.set(address, [holders, pod])
  }

  #take(address: string, pod: AddressedPod): void {
    const holders = this.#byAddress.get(address)
    const [first, ...more] = Array.isArray(holders) ? holders.filter((each) => each !== pod) : []
    if (first === undefined) this.#byAddress.delete(address)
    else this.#byAddress.set(address, more.length === 0 ? first : [first, ...more])
  }

  /** Always the same shape where no labels are kept, and one copy of each namespace and service account. */
  #compact({
    uid,
    addresses,
    startedAt,
    namespace,
    pod,
    serviceAccount,
    labels,
  }: AddressedPod): AddressedPod {
    return {
      namespace: this.#shared(namespace),
      pod,
      serviceAccount: this.#shared(serviceAccount),
      uid,
      addresses: [...new Set(addresses)],
      startedAt,
      ...(labels === undefined ? {} : { labels }),
    }
  }

  #shared(word: string): string {
    const known = this.#words.get(word)
    if (known !== undefined) return known
    if (this.#words.size >= SHARED_WORDS_MAX) this.#words.clear()
    this.#words.set(word, word)
    return word
  }
}

function newer(left: AddressedPod, right: AddressedPod): AddressedPod {
  if (left.startedAt !== right.startedAt) return left.startedAt > right.startedAt ? left : right
  return left.uid > right.uid ? left : right
}

function isSame(left: AddressedPod, right: AddressedPod): boolean {
  return (
    left.startedAt === right.startedAt &&
    sameValue(left.labels, right.labels) &&
    left.addresses.length === right.addresses.length &&
    left.addresses.every((address, index) => address === right.addresses[index])
  )
}
