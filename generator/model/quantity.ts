const units: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** Bytes of a quantity of Kubernetes such as 512Mi; NaN where it is none. */
export function bytesOf(quantity: string | number): number {
  const [, amount = '', unit = ''] = /^([0-9.]+)([A-Za-z]*)$/.exec(String(quantity)) ?? []
  return amount === '' ? Number.NaN : Number(amount) * (units[unit] ?? Number.NaN)
}

/** Processor cores of a quantity such as 250m or 2; NaN where it is none. */
export function coresOf(quantity: string | number): number {
  const text = String(quantity)
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text)
}

/** Bytes for a person: the largest unit in which there is at least one, with three digits. */
export function formatBytes(bytes: number): string {
  const unit = ['Ti', 'Gi', 'Mi', 'Ki'].find((each) => bytes >= (units[each] ?? 1)) ?? ''
  const amount = bytes / (units[unit] ?? 1)
  return `${amount >= 100 || unit === '' ? Math.round(amount) : Number(amount.toPrecision(3))}${unit || ' bytes'}`
}
