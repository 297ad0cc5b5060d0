import type {ImageDefinition} from '../component.ts'

/** A batch of 2,048 spans may pass gRPC's default of 4 MiB, and what is refused for its size is dropped at the edge. */
export const maxMessageMebibytes = 32

/** The contrib distribution is the one that has carbon, influxdb and file_storage, and an image for 32-bit Arm. */
export const collectorImage: ImageDefinition = {
  reference: 'docker.io/otel/opentelemetry-collector-contrib:0.161.0',
  architectures: ['amd64', 'arm64', 'arm'],
}
