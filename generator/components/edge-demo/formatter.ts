import {demoPart} from './demo.ts'

export default demoPart('formatter', 'Makes the greeting of the demo')
