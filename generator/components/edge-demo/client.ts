import {demoPart} from './demo.ts'

export default demoPart(
  'client',
  'Answers http://NODE:8080/hello?helloTo=NAME, calling the formatter and the publisher, with a trace of it all',
)
