type Tree = Record<string, unknown>

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Maps merged deeply, the later one winning; lists and scalars are replaced. */
export function merge(...layers: readonly Tree[]): Tree {
  const merged: Tree = {}
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      const present = merged[key]
      merged[key] = isTree(present) && isTree(value) ? merge(present, value) : value
    }
  }
  return merged
}
