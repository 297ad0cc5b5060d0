import ipaddr from 'ipaddr.js'

/** An inclusive range of IPv4 addresses, as numbers. */
export interface AddressRange {
  first: number
  last: number
}

type Parsed = {range: AddressRange; problem?: undefined} | {range?: undefined; problem: {message: string; fix: string}}

/** The address as a number, or undefined where the text is not four decimal numbers. */
export function parseIpv4(address: string): number | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((number, octet) => number * 256 + octet, 0)
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** A range from `10.0.0.0/24` or `10.0.0.240-10.0.0.250` that a schema has accepted. */
export function toRange(range: string): AddressRange {
  const parsed = range.includes('/') ? parseCidr(range) : parseRange(range)
  if (!parsed.range) throw new TypeError(`Cannot use "${range}" as an address range`)
  return parsed.range
}

export function parseCidr(cidr: string): Parsed {
  const [address = '', prefix = ''] = cidr.split('/')
  const first = parseIpv4(address)
  if (first === undefined || !/^(3[0-2]|[12]?[0-9])$/.test(prefix) || cidr.split('/').length > 2) {
    return problem(
      `Cannot use "${cidr}" as an address range: it is no IPv4 network`,
      'write a network such as 10.0.0.0/24',
    )
  }
  const size = 2 ** (32 - Number(prefix))
  const start = Math.floor(first / size) * size
  if (start !== first) {
    return problem(
      `Cannot use "${cidr}" as an address range: host bits are set`,
      `write ${formatIpv4(start)}/${prefix} for the whole network, or ${address}/32 for the one address`,
    )
  }
  return {range: {first, last: first + size - 1}}
}

export function parseRange(text: string): Parsed {
  const [from = '', to = '', ...rest] = text.split('-')
  const [first, last] = [parseIpv4(from), parseIpv4(to)]
  if (first === undefined || last === undefined || rest.length > 0) {
    const single = parseIpv4(text) === undefined ? '10.0.0.240-10.0.0.250' : `${text}/32`
    return problem(
      `Cannot use "${text}" as an address range: it is neither FIRST-LAST nor a network`,
      `write ${single}`,
    )
  }
  if (first > last) {
    return problem(`Cannot use "${text}" as an address range: it ends before it begins`, `write ${to}-${from}`)
  }
  return {range: {first, last}}
}

export function contains(range: AddressRange, address: number): boolean {
  return address >= range.first && address <= range.last
}

export function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last
}

function problem(message: string, fix: string): Parsed {
  return {problem: {message, fix}}
}
