import { execFileSync } from 'node:child_process'
import {
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { DEPLOY } from '../support/fleet.ts'
import { startHosts, type TestHosts } from '../support/hosts.ts'
import { type Laptop, laptop, targetOn } from '../support/laptop.ts'
import { pathOf, SHELLS } from '../support/shells.ts'

/** Damage done by hand to a release on a host: what is done in its tree, and what must be found, `kind path (why)`. */
interface Damage {
  readonly what: string
  readonly spoil: (tree: string, root: string) => Promise<unknown>
  readonly found: readonly string[]
}

const edit = (path: string, text: string) => (tree: string) => writeFile(join(tree, path), text)

const IN_TREE: readonly Damage[] = [
  { what: 'edited, as long as before', spoil: edit('edited.txt', 'EDITED'), found: ['changed edited.txt (content)'] },
  { what: 'grown', spoil: edit('grown.txt', 'grown.txt and more'), found: ['changed grown.txt (content)'] },
  { what: 'cut to nothing', spoil: (tree) => truncate(join(tree, 'cut.txt')), found: ['changed cut.txt (content)'] },
  { what: 'removed', spoil: (tree) => rm(join(tree, 'removed.txt')), found: ['missing removed.txt'] },
  {
    what: 'a folder removed',
    spoil: (tree) => rm(join(tree, 'gone'), { recursive: true }),
    found: ['missing gone', 'missing gone/deep', 'missing gone/deep/file'],
  },
  {
    what: 'two files that changed places',
    spoil: async (tree) => {
      await rename(join(tree, 'one'), join(tree, 'three'))
      await rename(join(tree, 'two'), join(tree, 'one'))
      await rename(join(tree, 'three'), join(tree, 'two'))
    },
    found: ['changed one (content)', 'changed two (content)'],
  },
  {
    what: 'not executable any more',
    spoil: (tree) => chmod(join(tree, 'bin/run'), 0o644),
    found: ['changed bin/run (mode is not 0755)'],
  },
  { what: 'setuid', spoil: (tree) => chmod(join(tree, 'bin/setuid'), 0o4755), found: ['changed bin/setuid (mode is not 0755)'] },
  { what: 'open to all', spoil: (tree) => chmod(join(tree, 'private'), 0o644), found: ['changed private (mode is not 0600)'] },
  {
    what: 'edited, and of another mode',
    spoil: async (tree) => {
      await writeFile(join(tree, 'both.txt'), 'other')
      await chmod(join(tree, 'both.txt'), 0o600)
    },
    found: ['changed both.txt (content, mode is not 0644)'],
  },
  {
    what: 'a folder of another mode',
    spoil: (tree) => chmod(join(tree, 'closed'), 0o711),
    found: ['changed closed (mode is not 0755)'],
  },
  { what: 'an extra file', spoil: edit(`an "extra" file's`, 'x'), found: [`extra an "extra" file's`] },
  { what: 'a hidden extra file', spoil: edit('.env', 'x'), found: ['extra .env'] },
  {
    what: 'an extra folder',
    spoil: async (tree) => {
      await mkdir(join(tree, 'new folder/in it'), { recursive: true })
      await writeFile(join(tree, 'new folder/in it/file'), 'x')
    },
    found: ['extra new folder (a directory with 2 entries)'],
  },
  {
    what: 'an extra link',
    spoil: (tree) => symlink('/etc/passwd', join(tree, 'extra-link')),
    found: ['extra extra-link (a link)'],
  },
  {
    what: 'a pipe',
    spoil: async (tree) => execFileSync('mkfifo', [join(tree, 'pipe')]),
    found: ['extra pipe (neither a file nor a directory)'],
  },
  {
    what: 'a name with a newline',
    spoil: edit('new\nline', 'x'),
    found: ['extra new?line (its name holds a control character)'],
  },
  {
    what: 'a file that became a folder',
    spoil: async (tree) => {
      await rm(join(tree, 'becomes-folder'))
      await mkdir(join(tree, 'becomes-folder'))
    },
    found: ['changed becomes-folder (is a directory)'],
  },
  {
    what: 'a file that became a link to the same content',
    spoil: async (tree) => {
      await rename(join(tree, 'becomes-link'), join(tree, 'bin/elsewhere'))
      await symlink('bin/elsewhere', join(tree, 'becomes-link'))
    },
    found: ['changed becomes-link (is a link)', 'extra bin/elsewhere'],
  },
  {
    what: 'a link that goes elsewhere',
    spoil: async (tree) => {
      await rm(join(tree, 'link'))
      await symlink('/etc/passwd', join(tree, 'link'))
    },
    found: ['changed link (goes to /etc/passwd)'],
  },
  {
    what: 'a link that became a file',
    spoil: async (tree) => {
      await rm(join(tree, 'link to two'))
      await writeFile(join(tree, 'link to two'), 'two')
    },
    found: ['changed link to two (is a file)'],
  },
  {
    what: 'unreadable',
    spoil: (tree) => chmod(join(tree, 'unreadable'), 0),
    found: ['changed unreadable (cannot be read, mode is not 0644)'],
  },
  {
    what: 'a folder that nobody may look into',
    spoil: (tree) => chmod(join(tree, 'shut'), 0),
    found: ['changed shut (cannot be looked into, mode is not 0755)', 'missing shut/file (its folder cannot be looked into)'],
  },
  { what: 'a name with a backslash', spoil: edit('back\\slash', 'x'), found: ['changed back\\slash (content)'] },
  { what: 'a name in UTF-8', spoil: edit('grün ✓', 'x'), found: ['changed grün ✓ (content)'] },
  { what: 'a name with a dash, spaces, quotes', spoil: edit(`- it's "a"  b `, 'x'), found: [`changed - it's "a"  b  (content)`] },
  {
    what: 'a link to shared/ that goes elsewhere',
    spoil: async (tree) => {
      await rm(join(tree, 'uploads'))
      await symlink('/tmp', join(tree, 'uploads'))
    },
    found: ['changed uploads (goes to /tmp)'],
  },
  {
    what: 'a link to shared/ that became a file',
    spoil: async (tree) => {
      await rm(join(tree, 'config/local.json'), { force: true })
      await writeFile(join(tree, 'config/local.json'), '{}')
    },
    found: ['changed config/local.json (is a file)'],
  },
  { what: 'a rendered file, edited', spoil: edit('conf/app.conf', 'name=me'), found: ['changed conf/app.conf (content)'] },
  {
    what: 'what a rendered file lies over, lost',
    spoil: (tree, root) => rm(join(root, '.releaser/covered', tree.split('/').at(-1) ?? '', 'conf/app.conf')),
    found: ['missing .releaser/covered/ID/conf/app.conf'],
  },
]

/** Damage beside the trees, each alone. `older`: a release that serves no more. */
const BESIDE: readonly (Omit<Damage, 'spoil'> & {
  readonly spoil: (root: string, current: string, older: string) => Promise<unknown>
})[] = [
  {
    what: 'a list of files, edited to hide something',
    spoil: async (root, id) => {
      const file = join(root, '.releaser/manifests', id)
      const lines = (await readFile(file, 'utf8')).split('\n')
      await writeFile(file, lines.filter((line) => !line.startsWith('one\t')).join('\n'))
    },
    found: ['corrupt .releaser/manifests/ID (is not the list of files that was sent, so the release cannot be held against it)'],
  },
  {
    what: 'a list of files, lost',
    spoil: (root, id) => rm(join(root, '.releaser/manifests', id)),
    found: ['missing .releaser/manifests/ID (nobody can tell what belongs to the release)'],
  },
  {
    what: 'current goes nowhere',
    spoil: async (root) => {
      await rm(join(root, 'current'))
      await symlink('releases/20200101000000-deadbeef', join(root, 'current'))
    },
    found: ['changed current (goes to releases/20200101000000-deadbeef, which is not there)'],
  },
  {
    what: 'current goes out of releases/',
    spoil: async (root) => {
      await rm(join(root, 'current'))
      await symlink('/etc', join(root, 'current'))
    },
    found: ['changed current (is a link to /etc)'],
  },
  {
    what: 'current is a folder',
    spoil: async (root) => {
      await rm(join(root, 'current'))
      await mkdir(join(root, 'current'))
    },
    found: ['changed current (is a real file or directory)'],
  },
  { what: 'current is lost', spoil: (root) => rm(join(root, 'current')), found: ['missing current (should go to releases/ID)'] },
  {
    what: 'current goes to another release than was deployed',
    spoil: async (root, _, older) => {
      await rm(join(root, 'current'))
      await symlink(`releases/${older}`, join(root, 'current'))
    },
    found: ['changed current (goes to releases/OLDER, and the records say releases/ID)'],
  },
  {
    what: 'a release, removed by hand',
    spoil: (root, _, older) => rm(join(root, 'releases', older), { recursive: true }),
    found: ['missing releases/OLDER (is in the records)'],
  },
  {
    what: 'something else in releases/',
    spoil: (root) => mkdir(join(root, 'releases/backup')),
    found: ['extra releases/backup (is no release)'],
  },
]

async function fill(mine: Laptop): Promise<void> {
  const plain = [
    'edited.txt',
    'grown.txt',
    'cut.txt',
    'removed.txt',
    'one',
    'two',
    'gone/deep/file',
    'closed/file',
    'both.txt',
    'bin/run',
  ]
  const odd = [
    'becomes-folder',
    'becomes-link',
    'unreadable',
    'shut/file',
    'back\\slash',
    'grün ✓',
    `- it's "a"  b `,
    'bin/setuid',
    'private',
  ]
  await mine.write(Object.fromEntries([...plain, ...odd].map((name) => [`app/${name}`, name])))
  // biome-ignore lint/suspicious/noTemplateCurlyInString: so it is written in templates
  await mine.write({ 'app/edited.txt': 'edited', 'app/uploads/seed': 'a seed', 'app/conf/app.conf': 'name=${NAME}' })
  for (const name of ['bin/run', 'bin/setuid']) await chmod(join(mine.dir, 'app', name), 0o755)
  await chmod(join(mine.dir, 'app/private'), 0o600)
  await symlink('two', join(mine.dir, 'app/link to two'))
  await symlink('nowhere', join(mine.dir, 'app/link'))
}

describe.each(SHELLS)('verify target= where sh is %s', (shell) => {
  let hosts: TestHosts | undefined
  let tools = ''
  afterAll(async () => {
    await hosts?.stop()
    if (tools !== '') await rm(tools, { recursive: true, force: true })
  })

  it('finds and names every kind of damage, changes nothing, and nothing else is drift', async () => {
    tools = await mkdtemp('/var/tmp/releaser-tools-')
    await chmod(tools, 0o755)
    hosts = await startHosts(1, { sshdConfig: [`SetEnv PATH=${pathOf(shell, join(tools, 'bin'))}`] })
    const mine = await laptop()
    const shared = { dirs: ['uploads'], files: ['config/local.json'] }
    const templates = [{ from: 'conf/app.conf', to: 'conf/app.conf' }]
    await mine.configure({ prod: targetOn(hosts, 'kept', { shared, templates, env: { NAME: 'n1' } }) })
    await fill(mine)
    const deploy = async (version: string) => {
      await mine.write({ 'app/package.json': JSON.stringify({ version }) })
      expect(await mine.call('build')).toMatchObject({ code: 0 })
      const deployed = await mine.call(...DEPLOY)
      expect(deployed, deployed.stderr).toMatchObject({ code: 0 })
      return (deployed.last['release'] as { readonly id: string }).id
    }
    const older = await deploy('1.0.0')
    const id = await deploy('2.0.0')
    const root = join(hosts.hosts[0].home, 'kept')
    const told = (text: string) => text.replaceAll(id, 'ID').replaceAll(older, 'OLDER')
    const verify = async (...words: readonly string[]) => {
      const before = await fingerprint(root)
      const { code, last, stderr } = await mine.call('verify', 'target=prod', ...words)
      expect(await fingerprint(root)).toEqual(before)
      const findings = last['findings'] as { host: string; release: string; kind: string; path: string; why: string }[]
      expect(findings, stderr).toBeDefined()
      return {
        code,
        findings,
        lines: findings.map(({ kind, path, why }) => told(`${kind} ${path}${why === '' ? '' : ` (${why})`}`)),
      }
    }
    expect(await verify()).toEqual({ code: 0, findings: [], lines: [] })

    const whole = join(root, '..', 'whole')
    await cp(root, whole, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
    execFileSync('chown', ['-R', `${hosts.hosts[0].user}:`, whole])
    for (const { what, spoil, found } of BESIDE) {
      await spoil(root, id, older)
      const { code, lines } = await verify()
      expect([code, lines.filter((line) => !/OLDER/.test(line) || /OLDER/.test(found.join()))], what).toEqual([11, found])
      await rm(root, { recursive: true })
      await cp(whole, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
      execFileSync('chown', ['-R', `${hosts.hosts[0].user}:`, root])
    }

    const tree = join(root, 'releases', id)
    for (const { spoil } of IN_TREE) await spoil(tree, root)
    const spoilt = await verify('release=current')
    expect(spoilt.lines.sort()).toEqual(IN_TREE.flatMap(({ found }) => found).sort())
    expect(spoilt.code).toBe(11)
    expect(new Set(spoilt.findings.map(({ host, release }) => `${host} ${release}`))).toEqual(new Set([`h1 ${id}`]))
    expect((await verify('release=1.0.0')).lines).toEqual([])
    const people = await mine.say('verify', 'target=prod', 'host=h1')
    expect(people.code).toBe(11)
    expect(people.stdout).toMatch(/^host +release +path +what +why$/m)
    expect(people.stdout).toMatch(new RegExp(`^h1 +${id} +edited.txt +changed +content$`, 'm'))
    expect(people.stdout).toMatch(/: \d+ findings\nto mend what can be: releaser verify target=prod --fix\n$/)
  })
})

/** Names, sizes, modes and times of all below a folder: whoever writes there is seen. */
async function fingerprint(dir: string): Promise<readonly string[]> {
  const found = await readdir(dir, { withFileTypes: true, recursive: true })
  const lines = found.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode, size, mtimeMs } = await lstat(path)
    return `${path} ${mode} ${size} ${mtimeMs}${entry.isSymbolicLink() ? await readlink(path) : ''}`
  })
  return (await Promise.all(lines)).sort()
}
