/** The same function, worked out once for each object that it is asked about. */
export function oncePer<Key extends object, Value>(work: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, {value: Value}>()
  return (key) => {
    const found = known.get(key) ?? {value: work(key)}
    known.set(key, found)
    return found.value
  }
}
