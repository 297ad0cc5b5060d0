import type {IDaemonSet, IDeployment, IStatefulSet} from 'kubernetes-models/apps/v1'
import type {ICronJob} from 'kubernetes-models/batch/v1'
import type {IContainer, IPodSpec} from 'kubernetes-models/v1'
import {checksum, labelsOf, selectorOf} from '../component.ts'
import {metadata, type Named, volumeClaim} from './kubernetes.ts'

type Pod = Omit<IPodSpec, 'containers'> & {containers: IContainer[]}

interface Workload {
  pod: Pod
  /** Configuration files: when one changes, the pods restart. */
  files?: Record<string, string>
  /** The revision of Secrets that the pods read only when they start: when it changes, they restart. */
  secretRevision?: string
}

/** On every node of an edge cluster that the pod's selector takes. */
export function daemonSet(component: string, workload: Workload): Named<IDaemonSet> {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadata(component),
    spec: {
      selector: {matchLabels: selectorOf(component)},
      // A node without power counts as unavailable: with the default of 1 it would hold up all others.
      updateStrategy: {type: 'RollingUpdate', rollingUpdate: {maxUnavailable: '100%'}},
      template: podTemplate(component, workload),
    },
  }
}

export function deployment(component: string, workload: Workload & {replicas: number}): Named<IDeployment> {
  const selector = {matchLabels: selectorOf(component)}
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(component),
    spec: {replicas: workload.replicas, selector, template: podTemplate(component, workload)},
  }
}

/** One pod with a volume called data. */
export function statefulSet(
  component: string,
  workload: Workload & {volume: {storage: string; storageClass: string}},
): Named<IStatefulSet> {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(component),
    spec: {
      serviceName: component,
      replicas: 1,
      selector: {matchLabels: selectorOf(component)},
      template: podTemplate(component, workload),
      volumeClaimTemplates: [volumeClaim(component, 'data', workload.volume)],
    },
  }
}

/** Work that is done again and again, so it must do no harm when it is done twice; `schedule` as cron writes it. */
export function repeatedJob(component: string, workload: Workload & {schedule: string}): Named<ICronJob> {
  const pod = {...workload.pod, restartPolicy: 'Never' as const}
  const template = podTemplate(component, {...workload, pod})
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata(component),
    spec: {
      schedule: workload.schedule,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: {spec: {backoffLimit: 2, activeDeadlineSeconds: 300, template}},
    },
  }
}

function podTemplate(component: string, {pod, files, secretRevision}: Workload) {
  const annotations = {
    ...(files ? {'checksum/config': checksum(files)} : {}),
    ...(secretRevision === undefined ? {} : {'secret-revision': secretRevision}),
  }
  return {
    metadata: {labels: labelsOf(component), ...(Object.keys(annotations).length > 0 ? {annotations} : {})},
    spec: pod,
  }
}
