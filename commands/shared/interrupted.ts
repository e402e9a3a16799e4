import { GatewayError } from '../../src/session/errors.ts'

/** Does the work; where it is interrupted, the error says what had been done by then. */
export async function tellWhenInterrupted<T>(
  work: () => Promise<T>,
  words: () => { message: string; hint: string },
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'interrupted') throw error
    throw new GatewayError({ code: 'interrupted', ...words(), cause: error })
  }
}
