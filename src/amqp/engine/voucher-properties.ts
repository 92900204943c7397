/**
 * How the voucher of a relayed flow (ADR 19) is written into the attach of the opener's sender link. Checks form only.
 */
import { type AmqpValue, string, ulong } from '../codec/value.ts'
import type { FlowVoucher } from '../flow-transport.ts'
import { MAX_VOUCHER_CERTIFICATE, MAX_VOUCHER_CERTIFICATES, MAX_VOUCHER_SIGNATURE } from '../limits.ts'
import { invalid, type PropertyReader } from './property-reader.ts'

const Property = {
  time: 'fairlead:voucher-time',
  number: 'fairlead:voucher-number',
  chain: 'fairlead:voucher-chain',
  signature: 'fairlead:voucher-signature',
} as const

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Adds what `voucher` says. */
export function addVoucher(to: Map<string, AmqpValue>, { time, number, chain, value }: FlowVoucher): void {
  to.set(Property.time, ulong(time))
  to.set(Property.number, ulong(number))
  to.set(Property.chain, string(chain.join(',')))
  to.set(Property.signature, string(value))
}

/** The voucher a peer's attach shows; undefined when it shows none. Throws when some of it is wrong or missing. */
export function voucherOf(from: PropertyReader): FlowVoucher | undefined {
  const value = from.text(Property.signature, isSignature)
  if (value === undefined) return undefined
  const chain = from.text(Property.chain, isChain)
  const time = from.count(Property.time, Number.MAX_SAFE_INTEGER)
  const number = from.count(Property.number, Number.MAX_SAFE_INTEGER)
  if (chain === undefined) throw invalid(Property.chain)
  if (time === undefined) throw invalid(Property.time)
  if (number === undefined) throw invalid(Property.number)
  return { time, number, chain: chain.split(','), value }
}

function isSignature(text: string): boolean {
  return text.length <= MAX_VOUCHER_SIGNATURE && BASE64.test(text)
}

function isChain(text: string): boolean {
  if (text.length > MAX_VOUCHER_CERTIFICATES * (MAX_VOUCHER_CERTIFICATE + 1)) return false
  const certificates = text.split(',')
  return (
    certificates.length <= MAX_VOUCHER_CERTIFICATES &&
    certificates.every((each) => each.length <= MAX_VOUCHER_CERTIFICATE && BASE64.test(each))
  )
}
