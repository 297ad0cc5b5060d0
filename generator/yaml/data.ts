/** What a YAML document is made of; objects of other classes are nodes that a printer knows (expression/). */
export type Data = string | number | boolean | null | undefined | object
