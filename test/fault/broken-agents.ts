import { AGENT_SCRIPT } from '../../src/remote/agent-script.ts'

/** An agent with one rule of its craft taken out, where that must show, and at which calls. */
export interface BrokenAgent {
  readonly name: string
  readonly script: string
  readonly scenario: string
  readonly at: RegExp
}

const AGENT = AGENT_SCRIPT.toString('utf8')

/** A test that cannot fail proves nothing: the sweep must find each of these out. */
export const BROKEN_AGENTS: readonly BrokenAgent[] = [
  {
    name: 'has no journal of the switch',
    script: without('&& move_phase open pending'),
    scenario: 'second deploy',
    at: /^(kill|crash)-after .*rename\w* \/current\)$/,
  },
  {
    name: 'switches by removing and linking anew',
    script: instead(
      'ln -s "releases/$1" $R/flip/current && mv -f $R/flip/current .',
      'rm -f current && ln -s "releases/$1" current',
    ),
    scenario: 'rollback',
    at: /unlink\w* \/current\)$/,
  },
  {
    name: 'publishes what it has not verified',
    script: instead('if ! whole; then', 'if false; then'),
    scenario: 'second deploy',
    at: /^(EIO|ENOSPC) .*(write|symlinkat|open) \/\.releaser\/incoming\/\w+\/tree\//,
  },
  {
    name: 'goes back without looking whether it did',
    script: instead('then mv -f "$T/back/current" . && durable . && points_to "$1"', 'then mv -f "$T/back/current" . || :'),
    scenario: 'deploy that goes back',
    at: /^(EIO|EROFS) .*rename\w* \/current\)$/,
  },
  {
    name: 'gives a release its name before it is whole',
    script: instead('mv "$I/tree" "releases/$2"', 'mkdir "releases/$2" && cp -a "$I/tree/." "releases/$2/"'),
    scenario: 'second deploy',
    at: /^(kill|crash)-before .*open \/releases\//,
  },
  {
    name: 'notes that it has rendered before it has',
    script: instead('&& mv -f "$T/rendered" "$to" && durable', '&& durable').replace(
      '|| cannot "write $3 in',
      '&& mv -f "$T/rendered" "$to" || cannot "write $3 in',
    ),
    scenario: 'rollback that renders anew, with another environment',
    at: /^(kill|crash)-after .*rename\w* \/\.releaser\/overlays\//,
  },
]

function instead(text: string | RegExp, other: string): string {
  if (AGENT.split(text).length !== 2) throw new Error(`the agent does not have this once: ${text}`)
  return AGENT.replace(text, () => other)
}

function without(text: string): string {
  return instead(text, '')
}
