import { expect, it } from 'vitest'
import { everything, failingAt, noMemory } from './failing.fixture.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

it.each(['tiny/fp8-block', 'tiny/llama-bias'])(
  '%s: wherever memory runs out, in a load or a pass, all is freed in the end',
  async (name) => {
    const { cpu } = await realRuntimes()
    const before = cpu.live()
    const whole = failingAt(cpu, Infinity)
    await everything(whole.runtime, name)
    expect(cpu.live()).toBe(before)
    for (let n = 1; n <= whole.made(); n++) {
      const { runtime } = failingAt(cpu, n)
      await expect(everything(runtime, name), `tensor ${n}`).rejects.toThrow(noMemory.message)
      expect(cpu.live(), `after tensor ${n} of ${whole.made()} failed`).toBe(before)
    }
  },
)
