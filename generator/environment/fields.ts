import {z} from 'zod'
import {parseCidr, parseRange} from './ipv4.ts'

// Each field says what it expects (`error`) and shows a valid value (`example`), from which messages and the
// JSON schema are made. No string may hold a line feed or a quote: values are also printed inside configuration text.

type Example = string | number | boolean | readonly unknown[] | object

/** Attaches the sentence that documents a key, and a valid value. */
export function described<Schema extends z.ZodType>(schema: Schema, description: string, example?: Example): Schema {
  return schema.meta({description, ...(example === undefined ? {} : {examples: [example]})}) as Schema
}

/** A name by RFC 1123 that Kubernetes accepts for any object; 40 characters leave room for prefixes in 63. */
export const dnsLabel = z.string({error: 'expected a name'}).regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, {
  error: 'expected at most 40 lower-case letters, digits and "-", with a letter or digit at both ends',
})

export const hostname = z
  .string({error: 'expected a host name'})
  .max(200, {error: 'expected a host name of at most 200 characters, to leave room for service names'})
  .regex(/^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, {
    error: 'expected a host name of lower-case labels joined by dots',
  })

export const ipv4 = z
  .string({error: 'expected an IPv4 address'})
  .regex(/^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/, {
    error: 'expected an IPv4 address of four decimal numbers',
  })

/** A network such as 172.39.0.0/16. */
export const ipv4Network = z
  .string({error: 'expected an IPv4 network'})
  .regex(/^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\/([89]|[12]\d|30)$/, {
    error: 'expected an IPv4 network such as 172.39.0.0/16',
  })

/** `10.0.0.0/24` or `10.0.0.240-10.0.0.250`, as MetalLB writes its pools. */
export const addressRange = z
  .string({error: 'expected an address range'})
  .regex(/^[0-9./-]+$/, {error: 'expected an IPv4 range such as 10.0.0.240-10.0.0.250 or 10.0.0.0/24'})
  .superRefine((range, context) => {
    const problem = rangeProblem(range)
    if (problem) context.addIssue({code: 'custom', message: problem.message, params: {fix: problem.fix}})
  })

export const serverAddress = z.union([ipv4, hostname], {
  error: 'expected an IPv4 address or a host name of lower-case labels joined by dots',
})

/** Where a program connects to: HOST:PORT. */
export const hostAndPort = z.string().regex(/^[a-z0-9.-]{1,200}:[0-9]{1,5}$/, {error: 'expected HOST:PORT'})

/** A Kubernetes quantity of bytes, always positive. */
export const bytes = z
  .string({error: 'expected an amount of bytes such as 512Mi or 10Gi'})
  .regex(/^[1-9][0-9]{0,5}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)$/, {
    error: 'expected an amount of bytes with a unit, such as 512Mi or 10Gi',
  })
  .meta({examples: ['512Mi']})

/** A Kubernetes quantity of processor time; a number counts cores. */
export const cpu = z.union(
  [
    z.string().regex(/^([1-9][0-9]{0,5}m|[1-9][0-9]{0,2}(\.[0-9]{1,3})?)$/),
    z.number().positive().max(999).multipleOf(0.001),
  ],
  {error: 'expected processor time such as 250m, 2 or 0.5'},
)

/** A reference to a container image with a fixed tag or a digest. */
export const imageReference = z
  .string({error: 'expected an image reference'})
  .regex(/^[a-z0-9.-]+(:[0-9]{2,5})?(\/[a-z0-9._-]+)+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/, {
    error: 'expected REGISTRY/REPOSITORY:TAG, optionally with @sha256:DIGEST',
  })
  .refine((reference) => /:[^/@]+(@|$)|@sha256:/.test(reference.slice(reference.lastIndexOf('/'))), {
    error: 'expected a tag or a digest: without one, nobody knows which image runs',
  })
  .refine((reference) => !/:latest$/.test(reference), {
    error: 'expected a fixed tag or a digest: "latest" changes without a commit',
  })
  .meta({examples: ['registry.example.com/demo/client:1.2.0']})

/** A registry, optionally with a path, that serves copies of all images. */
export const registry = z
  .string({error: 'expected a registry'})
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{2,5})?(\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*$/, {
    error: 'expected HOST[:PORT][/PATH] without a scheme and without a slash at the end',
  })

/** A chart repository, over HTTP or in a registry, that serves copies of all upstream charts. */
export const chartRepository = z
  .string({error: 'expected a chart repository'})
  .regex(
    /^(https?|oci):\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{2,5})?(\/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)*$/,
    {
      error: 'expected a chart repository that begins with https://, http:// or oci:// and does not end with a slash',
    },
  )

export const email = z
  .string({error: 'expected an e-mail address'})
  .regex(/^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, {
    error: 'expected an e-mail address',
  })

/** Credentials do not belong into the URL: Flux takes them from a Secret. */
export const gitUrl = z
  .string({error: 'expected a Git URL'})
  .regex(/^(https?:\/\/|ssh:\/\/([A-Za-z0-9._-]+@)?)[A-Za-z0-9.-]+(:[0-9]{1,5})?\/[A-Za-z0-9._~/-]+$/, {
    error: 'expected a Git URL that begins with https://, http:// or ssh:// and holds no password',
  })

export const gitBranch = z
  .string({error: 'expected a branch name'})
  .regex(/^(?!\/)(?!.*(\.\.|\/\/|\/$|\.lock$))[A-Za-z0-9._/-]+$/, {error: 'expected a branch name'})

export const storageClass = z
  .string({error: 'expected a storage class name'})
  .regex(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/, {error: 'expected the name of a StorageClass'})

/** The public key of an age identity, by age-encryption.org/v1 ("X25519 recipient"); sops checks its checksum. */
export const ageRecipient = z.string({error: 'expected an age recipient'}).regex(/^age1[02-9ac-hj-np-z]{58}$/, {
  error: 'expected an age recipient: age1 and 58 lower-case letters and digits',
})

/** A number of hours or days. */
export const hoursOrDays = z
  .string({error: 'expected a duration such as 12h or 7d'})
  .regex(/^[1-9][0-9]{0,3}(h|d)$/, {error: 'expected a number of hours or days, such as 12h or 7d'})

/** Labels of a node: keys and values by the rules of Kubernetes. */
export const labels = z.record(
  z.string().regex(/^([a-z0-9]([-.a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$/, {
    error: 'expected a label key, such as client or example.com/zone',
  }),
  z
    .string({error: 'expected text: write yes and true in quotes'})
    .regex(/^([A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/, {
      error: 'expected at most 63 letters, digits, "-", "_" and "."',
    })
    .meta({examples: ["'yes'"]}),
  {error: 'expected a map of labels'},
)

/** Kilobits a second; 1mbit is 1000kbit. */
export const bandwidth = z
  .string({error: 'expected a bandwidth such as 512kbit or 10mbit'})
  .regex(/^[1-9][0-9]{0,5}(kbit|mbit|gbit)$/, {error: 'expected a bandwidth such as 512kbit or 10mbit'})

/** What `resources` yields. */
export interface Resources {
  requests: {cpu: string | number; memory: string}
  limits: {cpu: string | number; memory: string}
}

/** Requests and limits of one container. */
export function resources(defaults: {cpu: string; memory: string; cpuLimit?: string; memoryLimit?: string}) {
  const amount = (name: string, cpuDefault: string, memoryDefault: string) =>
    described(
      z
        .strictObject({
          cpu: described(cpu.default(cpuDefault), `Processor time ${name}`),
          memory: described(bytes.default(memoryDefault), `Memory ${name}`),
        })
        .prefault({}),
      `What one container is ${name}`,
    )
  return described(
    z
      .strictObject({
        requests: amount('guaranteed', defaults.cpu, defaults.memory),
        limits: amount('allowed at most', defaults.cpuLimit ?? '1', defaults.memoryLimit ?? defaults.memory),
      })
      .prefault({}),
    'Processor time and memory of one container',
  )
}

function rangeProblem(range: string): {message: string; fix: string} | undefined {
  if (range.includes('/')) return parseCidr(range).problem
  return parseRange(range).problem
}
