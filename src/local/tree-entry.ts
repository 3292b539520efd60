/** One entry of a folder that is about to be packed; `mode` is normalised. Paths are relative, parts joined by `/`. */
export type TreeEntry = TreeFile | TreeDirectory | TreeLink
export type TreeDirectory = { readonly type: 'directory'; readonly path: string; readonly mode: number }
export type TreeLink = { readonly type: 'symlink'; readonly path: string; readonly target: string }
export interface TreeFile {
  readonly type: 'file'
  readonly path: string
  readonly mode: number
  readonly size: number
  /** With `size`, what tells that a file has changed since. */
  readonly mtimeMs: number
  readonly ino: number
}
