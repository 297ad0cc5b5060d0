import type {ImageDefinition} from '../component.ts'

export const netdataImage: ImageDefinition = {
  reference: 'docker.io/netdata/netdata:v2.11.0',
  architectures: ['amd64', 'arm64', 'arm'],
}

/**
 * run.sh of the image starts as root, owns its folders and then runs as user netdata; its plugins are setuid.
 * netdata/netdata packaging/docker/run.sh and Dockerfile.
 */
export const netdataCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'] as const

/**
 * Copies the configuration into the writable /etc/netdata and puts in what must not stand in a ConfigMap. Secrets
 * pass through the shell itself, never through the arguments of a process.
 */
export const fillFunction = `fill() {
  while IFS= read -r line; do
    case "$line" in
      *"$1"*) printf '%s%s%s\\n' "\${line%%"$1"*}" "$2" "\${line#*"$1"}" ;;
      *) printf '%s\\n' "$line" ;;
    esac
  done
}`

/** Folders that the daemon writes as user netdata; volumes come as root's. What it makes itself is not secret. */
export const ownFolders = `chown -R netdata:netdata /etc/netdata
chown netdata:netdata /var/lib/netdata /var/cache/netdata /var/log/netdata /run/netdata
umask 022`

/** Nothing is reported to Netdata Cloud. */
export const netdataEnvironment = [{name: 'DO_NOT_TRACK', value: '1'}]

/** netdatacli answers only when the daemon works. */
export const netdataProbe = {
  exec: {command: ['/usr/sbin/netdatacli', 'ping']},
  periodSeconds: 30,
  timeoutSeconds: 10,
  failureThreshold: 5,
}

/** To the log of the container: the volume over /var/log/netdata hides the links that the image has there. */
export const netdataLogs = {daemon: 'stderr', collector: 'stderr', health: 'stderr', access: 'off'}

/** Where the start script notes which keys and certificates it began with. */
export const fingerprintFile = '/tmp/inputs'

/** Shell code that prints one line for the content of files; those that are missing count as empty. */
export function fingerprint(files: string): string {
  return `cat ${files} 2> /dev/null | sha256sum`
}

/** Fails also when a Secret has changed since the start, so that the container starts again with the new one. */
export function freshProbe(files: string) {
  const check = `[ "$(${fingerprint(files)})" = "$(cat ${fingerprintFile})" ] && /usr/sbin/netdatacli ping`
  return {...netdataProbe, exec: {command: ['/bin/sh', '-c', check]}}
}
