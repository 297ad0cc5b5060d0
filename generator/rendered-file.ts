/** One file to be written, by its path in the repository. */
export interface RenderedFile {
  path: string
  content: string
  /** What the content says, where it is YAML of objects: who has it need not read the text. */
  documents?: readonly unknown[]
}

/** Stands at the top of every rendered file; only files that carry it are ever replaced or removed. */
export const banner = 'Rendered by `npm run render`: do not edit'

/** Above YAML. */
export function yamlBanner(source: string): string {
  return `# ${banner}, change ${source} instead.\n`
}

/** Above Markdown. */
export function markdownBanner(source: string): string {
  return `<!-- ${banner}, change ${source} instead. -->\n\n`
}

/** Inside JSON schemas. */
export function jsonBanner(source: string): string {
  return `${banner}, change ${source} instead.`
}

/** Above Helm template files, where it leaves no trace in the output. */
export function templateBanner(source: string): string {
  return `{{- /* ${banner}, change ${source} instead. */ -}}\n`
}
