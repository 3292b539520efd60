import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file or folder below `templates/`, absolute. */
export function template(path: string): string {
  return fileURLToPath(new URL(`../../templates/${path}`, import.meta.url))
}

/** What `import … from 'releaser'` means in a configuration or a build: this releaser, also where none is installed beside it. */
export const OWN_MODULE = fileURLToPath(new URL(`../index${extname(fileURLToPath(import.meta.url))}`, import.meta.url))
