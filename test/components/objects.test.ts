import test from 'ava'
import fc from 'fast-check'
import {type OwnComponent, type Values, valuesSchema} from '../../generator/component.ts'
import {objectsOf} from '../../generator/model/objects.ts'
import {arbitraryOf} from '../support/arbitrary.ts'
import {helmObjects, ownComponents, sortedObjects} from '../support/charts.ts'
import {temporaryFolder} from '../support/temporary.ts'

const runs = 100

for (const {layer, component} of ownComponents) {
  test(`${component.name}: what helm renders equals the objects in memory, for random values`, async (t) => {
    const seed = Date.now() % 2 ** 31
    const values = randomValues(component, seed)
    const rendered = await helmObjects({folder: temporaryFolder(t), layer, component, values})
    t.is(rendered.length, runs)
    for (const [index, value] of values.entries()) {
      const expected = JSON.parse(JSON.stringify(sortedObjects(objectsOf(component, value))))
      const message = `seed ${seed}, values ${JSON.stringify(value)}`
      t.true(expected.length > 0, message)
      t.deepEqual(sortedObjects(rendered[index] ?? []), expected, message)
    }
  })
}

function randomValues(component: OwnComponent, seed: number): Values[] {
  return fc.sample(arbitraryOf(valuesSchema(component)) as fc.Arbitrary<Values>, {seed, numRuns: runs})
}
