import type {Site} from '../component.ts'

/** How often Flux looks, as its durations. */
export interface Intervals {
  /** Between two looks at the Git repository. */
  source: string
  /** Between two comparisons of a release with its cluster. */
  release: string
  /** Until a release that failed is tried again. */
  retry: string
  /** How long one install or upgrade may take, image pulls included. */
  timeout: string
}

const kilobits = {kbit: 1, mbit: 1000, gbit: 1_000_000} as const
/** Kilobits a second below which a look at Git each five minutes is felt by the telemetry. */
export const thinUplink = 5000

/** The cloud looks each minute. Edge clusters pay for every look, and pull images through their uplink. */
export function intervalsOf({cluster}: Site): Intervals {
  if (cluster.role === 'cloud') return {source: '1m', release: '10m', retry: '1m', timeout: '15m'}
  const thin = kilobitsOf(cluster.uplink) < thinUplink
  return {source: thin ? '15m' : '5m', release: '30m', retry: '5m', timeout: thin ? '1h' : '30m'}
}

/** Kilobits a second of a bandwidth such as 2mbit. */
export function kilobitsOf(bandwidth: string): number {
  const unit = bandwidth.slice(-4) as keyof typeof kilobits
  return Number(bandwidth.slice(0, -4)) * kilobits[unit]
}

const seconds = {d: 86_400, h: 3600, m: 60, s: 1} as const

/** Seconds of a duration such as 7d, 90m or 1h30m0s; NaN where it is none. */
export function secondsOf(duration: string): number {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)([dhms])/g)]
  if (parts.map(([part]) => part).join('') !== duration || parts.length === 0) return Number.NaN
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * seconds[unit as keyof typeof seconds], 0)
}
