import { describe, expect, it } from 'vitest'
import { commandHelp, overview } from '../../src/commands/help.ts'
import { COMMANDS } from '../../src/commands/table.ts'
import { EXIT_CODES } from '../../src/model/errors.ts'

describe('releaser --help', () => {
  it('fits a screen of 80 columns and 40 lines', () => {
    const lines = overview().split('\n')
    expect(lines.length).toBeLessThanOrEqual(40)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('names every command once', () => {
    const [commands = '', flags] = overview().split('Flags of every command')
    expect(flags).toBeDefined()
    const [explained = '', named = ''] = commands.split('More, each with its own help')
    const listed = [
      ...[...explained.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name]) => name),
      ...named.split('\n').flatMap((line) =>
        line
          .slice(2 + 'the app'.length)
          .split(/ +/)
          .filter((word) => word !== ''),
      ),
    ]
    expect(listed.sort()).toEqual(Object.keys(COMMANDS).sort())
  })
})

describe('releaser help COMMAND', () => {
  it('says what it does, its arguments, two examples, its exit codes', () => {
    expect(`\n${commandHelp(COMMANDS['exec'] ?? fail())}\n`).toMatchInlineSnapshot(`
      "
      releaser exec: run a command in the current release of every host

        releaser exec target=NAME [host=PATTERN] -- WORD...

      Arguments
        target=NAME   a target or a group; several by commas
        host=PATTERN  only hosts that fit: web*, tag:eu, !web3

      Examples
        releaser exec target=prod -- ls -l
            one command, on every host
        releaser exec target=prod -- 'du -sh . | cut -f1'
            a single word runs through sh

      Exit codes
        0    done, or nothing to do
        1    something unforeseen in releaser itself
        2    wrong words or wrong configuration; nothing was touched
        3    a host could not be reached, entered or trusted
        9    no such release, or nothing to choose from
        10   a command or hook of your own failed
        130  stopped by a person or by CI; hosts were left in a safe state

      Flags of every command: releaser --help
      "
    `)
    expect(`\n${commandHelp(COMMANDS['build'] ?? fail())}\n`).toMatchInlineSnapshot(`
      "
      releaser build: build, pack and store a release

        releaser build [target=NAME] [builder=NAME] [app=NAME] [version=VERSION]
                       [tag=A,B] [ref=GIT_REF] [--check-reproducible]

      Arguments
        target=NAME           build with this target's builder
        builder=NAME          build with this builder; else the only one
        app=NAME              the app, where the config has several
        version=VERSION       the release's version; else what the build says
        tag=A,B               tags for the release
        ref=GIT_REF           build this branch, tag or commit, from a clean checkout
        --check-reproducible  build twice, and fail where the two differ

      Examples
        releaser build
            build with the only builder
        releaser build target=prod version=1.4.0 tag=candidate
            with prod's builder, version and tag given

      Exit codes
        0    done, or nothing to do
        1    something unforeseen in releaser itself
        2    wrong words or wrong configuration; nothing was touched
        3    a host could not be reached, entered or trusted
        4    somebody else is at work there
        5    the build failed; nothing was stored
        130  stopped by a person or by CI; hosts were left in a safe state

      Flags of every command: releaser --help
      "
    `)
  })

  it.each(Object.entries(COMMANDS))('%s has all of it, no wider than 80 columns', (name, command) => {
    expect(command.name).toBe(name)
    expect(command.examples.length).toBe(2)
    expect(command.examples.filter(({ line }) => !line.startsWith(`releaser ${name}`))).toEqual([])
    expect(command.exits.filter((code) => [0, 1, 130].includes(EXIT_CODES[code]))).toEqual([])
    const sections = commandHelp(command).match(/^(Arguments|Examples|Exit codes)$/gm)
    expect(sections).toEqual(['Arguments', 'Examples', 'Exit codes'])
    expect(
      commandHelp(command)
        .split('\n')
        .filter((line) => line.length > 80),
    ).toEqual([])
  })
})

function fail(): never {
  throw new Error('no such command')
}
