export interface Progress {
  show: (text: string) => void
  clear: () => void
}

/** One line on a terminal that is written over; nothing in a pipe. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return {show: () => {}, clear: () => {}}
  let last = 0
  return {
    show(text) {
      const now = performance.now()
      if (now - last < 50) return
      last = now
      stream.write(`\r\u001b[K${text}`)
    },
    clear() {
      stream.write('\r\u001b[K')
    },
  }
}
