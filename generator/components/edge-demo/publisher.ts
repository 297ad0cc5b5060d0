import {demoPart} from './demo.ts'

export default demoPart('publisher', 'Prints the greeting of the demo to its log')
