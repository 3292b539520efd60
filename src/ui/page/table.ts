import { type Html, html } from './html.ts'

/** A column of a table: a word over it, and whether it holds numbers. */
export interface Column {
  readonly heading: string
  readonly right?: true
}

/** A table with a name for those who do not see it. Each cell knows its heading: on a narrow screen a row becomes a small list. */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Html[])[]): Html {
  const heads = columns.map(({ heading, right }) => html`<th scope="col"${right ? html` class="right"` : null}>${heading}</th>`)
  const lines = rows.map((cells) => {
    const [first, ...others] = cells.map((cell, index) => ({ cell, column: columns[index] }))
    const rest = others.map(
      ({ cell, column }) =>
        html`<td data-label="${column?.heading ?? ''}"${column?.right ? html` class="right"` : null}>${cell}</td>`,
    )
    return html`<tr><th scope="row">${first?.cell ?? null}</th>${rest}</tr>\n`
  })
  return html`<div class="wide"><table>
<caption class="unseen">${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${lines}</tbody>
</table></div>
`
}
