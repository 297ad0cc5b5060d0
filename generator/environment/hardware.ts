/** `arm` is 32-bit (arm/v7); the names are those of the label kubernetes.io/arch. */
export const architectures = ['amd64', 'arm64', 'arm'] as const
export type Architecture = (typeof architectures)[number]

export interface Hardware {
  arch: Architecture
  cpu: number
  memory: string
  disk: string
}

/**
 * What a model name stands for. Memory is of the smallest variant sold; disk is the storage it is usually fitted
 * with. Sources: raspberrypi.com product briefs, NVIDIA Jetson module data sheets. A 32-bit system on a 64-bit
 * board is declared by `arch: arm` beside the model.
 */
export const hardwareModels = {
  'raspberry-pi-3b-plus': {arch: 'arm64', cpu: 4, memory: '1Gi', disk: '16Gi'},
  'raspberry-pi-4': {arch: 'arm64', cpu: 4, memory: '2Gi', disk: '32Gi'},
  'raspberry-pi-5': {arch: 'arm64', cpu: 4, memory: '4Gi', disk: '32Gi'},
  'jetson-nano': {arch: 'arm64', cpu: 4, memory: '4Gi', disk: '16Gi'},
  'jetson-orin': {arch: 'arm64', cpu: 6, memory: '8Gi', disk: '64Gi'},
  'jetson-agx-xavier': {arch: 'arm64', cpu: 8, memory: '32Gi', disk: '32Gi'},
  x86: {arch: 'amd64', cpu: 4, memory: '8Gi', disk: '64Gi'},
} as const satisfies Record<string, Hardware>

export type HardwareModel = keyof typeof hardwareModels
export const hardwareModelNames = Object.keys(hardwareModels) as [HardwareModel, ...HardwareModel[]]
