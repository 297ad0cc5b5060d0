/** Labels of a namespace that enforce a level: kubernetes.io/docs/concepts/security/pod-security-admission. */
export function podSecurityLabels(level: 'privileged' | 'baseline' | 'restricted'): Record<string, string> {
  const modes = ['enforce', 'audit', 'warn']
  return Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, level]))
}
