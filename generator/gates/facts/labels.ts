type Labels = Readonly<Record<string, string>>

/** Whether something has all labels that are wanted; none wanted means everything. */
export function hasLabels(labels: Labels, wanted: Labels = {}): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
}
