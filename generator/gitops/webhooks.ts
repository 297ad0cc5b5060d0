import type {LayerDefinition} from '../component.ts'

/** Objects by which the API server asks an operator. */
export const webhookKinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const

/** Whether a layer has a chart that brings admission webhooks. */
export function hasWebhooks({components}: LayerDefinition): boolean {
  return components.some((component) => component.kind === 'upstream' && (component.webhooks ?? []).length > 0)
}
