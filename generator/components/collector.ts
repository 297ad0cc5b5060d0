import type {ImageDefinition} from '../component.ts'

/** The contrib distribution is the one that has carbon, influxdb and file_storage, and an image for 32-bit Arm. */
export const collectorImage: ImageDefinition = {
  reference: 'docker.io/otel/opentelemetry-collector-contrib:0.161.0',
  architectures: ['amd64', 'arm64', 'arm'],
}
