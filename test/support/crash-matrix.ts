import { BaseSequencer, type Reporter, type TestModule, type TestSpecification } from 'vitest/node'

/** The drills that write docs/faults.md, those that take long first: what is short fills the lanes up at the end. */
const CRASH_DRILLS = ['sweep', 'kill-points', 'dead-lines', 'power-loss', 'race', 'reboot', 'store-kill', 'disk', 'old-hosts']
/** On two cores that have nothing else to do. */
const WITHIN_SECONDS = 15 * 60

const placeOf = (file: string): number => CRASH_DRILLS.findIndex((name) => file.endsWith(`test/drills/${name}.test.ts`))

/** Runs the crash drills before all other files, so that they have the machine for themselves and their time can be told. */
export class CrashFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [crash, rest] = [true, false].map((is) => files.filter(({ moduleId }) => placeOf(moduleId) >= 0 === is))
    const inOrder = (crash ?? []).sort((a, b) => placeOf(a.moduleId) - placeOf(b.moduleId))
    return [...inOrder, ...(await super.sort(rest ?? []))]
  }
}

/** Tells how long the crash drills took, from the start of the first to the end of the last, where all of them ran. */
export function crashTime(): Reporter {
  const ended = new Set<number>()
  const ofCrash = ({ moduleId }: TestModule) => placeOf(moduleId)
  let [began, lasted] = [0, 0]
  return {
    onTestModuleStart: (module) => {
      if (ofCrash(module) >= 0 && began === 0) began = Date.now()
    },
    onTestModuleEnd: (module) => {
      if (ofCrash(module) < 0) return
      ended.add(ofCrash(module))
      lasted = Math.round((Date.now() - began) / 1000)
    },
    onTestRunEnd: () => {
      if (ended.size < CRASH_DRILLS.length) return
      const verdict = lasted > WITHIN_SECONDS ? 'MORE than' : 'within'
      console.log(
        `crash matrix: ${CRASH_DRILLS.length} drills took ${lasted} s, ${verdict} the ${WITHIN_SECONDS} s that they may take`,
      )
    },
  }
}
