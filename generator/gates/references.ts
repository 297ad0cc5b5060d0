import {podsOf} from '../tree/pods.ts'
import type {Gate} from './gate.ts'
import {idOf} from './references/context.ts'
import {chartFindings, unused} from './references/of-charts.ts'
import {engineFindings} from './references/of-engines.ts'
import {objectFindings} from './references/of-objects.ts'
import {podFindings} from './references/of-pods.ts'

export default {
  name: 'references',
  rule: 'Whatever an object names is there: configuration and its files, volumes, accounts, roles, services and their pods, charts, values, namespaces',
  reason:
    'A name that leads nowhere leaves a pod in ContainerCreating, a page at 404 or a release that never installs, and each looks like something else.',
  source: 'kubernetes.io/docs/tasks/debug/debug-application/debug-pods; fluxcd.io/flux/components/helm/helmreleases',
  start: (root) => ({
    cluster: (cluster, around) => {
      const context = {cluster, known: new Set(cluster.objects.map(({object}) => idOf(object)))}
      return [
        ...podsOf(cluster)
          .filter(({isOwn}) => isOwn)
          .flatMap((pods) => podFindings(context, pods)),
        ...cluster.objects.flatMap((placed) => objectFindings(context, placed)),
        ...chartFindings(context),
        ...unused(context),
        ...engineFindings(cluster, around, root),
      ]
    },
  }),
} satisfies Gate
