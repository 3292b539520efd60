import type { Manifest } from './manifest.ts'
import { isName } from './name.ts'
import type { Layout } from './service.ts'

/**
 * What a release is, told by its files alone, so that nothing of it has to run: null where it is no OTP release, or one that is
 * not known (exrm's), or one that holds several and does not say which of them boots. `sha256` gives lower-case hex.
 */
export function layoutOf(manifest: Manifest, sha256: (text: string) => string): Layout | null {
  const tree: Tree = new Map(manifest.map((entry) => [entry.path, entry]))
  if (!tree.has('releases/start_erl.data')) return null
  const found = childrenOf('releases', tree).flatMap((version) =>
    SIGNS.flatMap(({ kind, names }) => only(names(tree, version)).map((name): Layout => ({ kind, name, version }))),
  )
  const boots = found.length > 1 ? found.filter(({ version }) => isBooted(version, tree, sha256)) : found
  return only(boots)[0] ?? null
}

/** A layout as one word, `mix/shop/1.4.0`: for state files and the wire. */
export function encodeLayout({ kind, name, version }: Layout): string {
  return `${kind}/${name}/${version}`
}

/** Reads that word back; null where it is none. */
export function decodeLayout(word: string): Layout | null {
  const [kind, name, version, ...rest] = word.split('/')
  const sign = SIGNS.find((each) => each.kind === kind)
  if (!sign || name === undefined || version === undefined || rest.length > 0 || !isName(name) || !isName(version)) return null
  return { kind: sign.kind, name, version }
}

type Tree = ReadonlyMap<string, Manifest[number]>

/** Which names of start scripts in `bin/` each tool would have given to a release of this version. */
const SIGNS: readonly { readonly kind: Layout['kind']; readonly names: (tree: Tree, version: string) => readonly string[] }[] = [
  {
    kind: 'mix',
    names: (tree, version) => {
      if (!tree.has(`releases/${version}/env.sh`) || !tree.has(`releases/${version}/elixir`)) return []
      // Beside its start script may lie others: `server` and `migrate` of Phoenix, `castle`.
      const scripts = scriptsIn(tree)
      const described = scripts.filter((name) => tree.has(`releases/${version}/${name}.rel`))
      return described.length > 0 ? described : scripts
    },
  },
  {
    kind: 'distillery',
    names: (tree, version) =>
      tree.has(`releases/${version}/libexec`) ? scriptsIn(tree).filter((name) => tree.has(`releases/${version}/${name}.sh`)) : [],
  },
  {
    // relx without its extended start script cannot be asked for anything; exrm's release has a script of Distillery's name.
    kind: 'relx',
    names: (tree, version) =>
      tree.has('bin/install_upgrade.escript') || tree.has('bin/nodetool')
        ? scriptsIn(tree).filter((name) => tree.has(`bin/${name}-${version}`) && !tree.has(`releases/${version}/${name}.sh`))
        : [],
  },
]

function scriptsIn(tree: Tree): readonly string[] {
  return childrenOf('bin', tree).filter((name) => !name.endsWith('.bat') && tree.get(`bin/${name}`)?.type !== 'directory')
}

/** Names just below a folder that keep the grammar of names: only these can be put into a script as they are. */
function childrenOf(folder: string, tree: Tree): readonly string[] {
  const below = [...tree.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.split('/')[1] ?? '')
  return [...new Set(below)].filter(isName)
}

/** Whether `start_erl.data` says this version. The content is not at hand, its hash is: of `ERTS VERSION`, with a newline or not. */
function isBooted(version: string, tree: Tree, sha256: (text: string) => string): boolean {
  const data = tree.get('releases/start_erl.data')
  const erts = [...tree.keys()].flatMap((path) => /^erts-([^/]+)$/.exec(path)?.[1] ?? [])
  return erts.some((vsn) => ['', '\n'].some((end) => data?.type === 'file' && data.sha256 === sha256(`${vsn} ${version}${end}`)))
}

function only<T>(items: readonly T[]): readonly T[] {
  return items.length === 1 ? items : []
}
