import { expect, test } from 'vitest'

import { Pressure } from '../../../src/authstate/pressure.ts'

test('listeners hear once that the mark was passed and once that it fell below half', () => {
  const pressure = new Pressure(100)
  const heard: boolean[] = []
  const stop = pressure.listen((pressed) => heard.push(pressed))
  pressure.add(100)
  expect(heard).toEqual([])
  pressure.add(1)
  pressure.add(50)
  expect(heard).toEqual([true])
  pressure.release(100)
  expect(heard).toEqual([true])
  pressure.release(1)
  expect(heard).toEqual([true, false])
  expect(pressure.pendingBytes).toBe(50)
  stop()
  pressure.add(100)
  expect(heard).toEqual([true, false])
})
