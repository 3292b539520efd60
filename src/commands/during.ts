import type { Ui } from '../ui/ui.ts'

/** Tells of a step that happens here: that it starts, and how it ends. */
export async function during<T>(ui: Ui, step: string, work: () => Promise<T>): Promise<T> {
  ui.observe({ event: 'step', host: null, step, state: 'start' })
  try {
    const result = await work()
    ui.observe({ event: 'step', host: null, step, state: 'ok' })
    return result
  } catch (error) {
    ui.observe({ event: 'step', host: null, step, state: 'failed' })
    throw error
  }
}
