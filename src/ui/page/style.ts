const LIGHT = `
  --page: #f4f5f8; --card: #ffffff; --line: #d9dde4; --text: #1b2230; --dim: #566173;
  --good: #0f7038; --warn: #835400; --bad: #b3231b; --back: #1f5bb5; --link: #1f5bb5; --served: #cfe3d7; --bar: #5b7fb8;`

const DARK = `
  --page: #10141a; --card: #181e27; --line: #313a48; --text: #e7ebf1; --dim: #a6b0c0;
  --good: #62d08f; --warn: #e9b949; --bad: #ff9389; --back: #8db9ff; --link: #8db9ff; --served: #2b4a39; --bar: #7d9fd6;`

/** The page's only style. Text has a contrast of 4.5 at least on what it stands on, in light and in dark; paper is light. */
export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 74rem; padding: 1.5rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: break-word; }
h1, h2, h3, p, dl, dd, figure, ul { margin: 0; padding: 0; }
h1 { font-size: 1.7rem; line-height: 1.25; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; line-height: 1.3; }
h3 { font-size: .95rem; margin: 1.75rem 0 .6rem; }
ul { list-style: none; }
a { color: var(--link); }
code { font: .9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.top { margin-bottom: 1.25rem; }
.dim { color: var(--dim); }
.good { color: var(--good); }
.warn { color: var(--warn); }
.bad { color: var(--bad); }
.path, .id, .from, .ago { display: block; font-size: .8rem; }
.path, .from, .ago, .remark, .why, .host, h1, h2 { overflow-wrap: anywhere; }
.id, .short { white-space: nowrap; }
.remark, .why { display: block; }
.wide { overflow-x: auto; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem; margin-top: 1rem; }
.card > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; margin-bottom: .75rem; }
.badge { border: 1px solid currentColor; border-radius: 999px; padding: 0 .6rem; font-size: .85rem; font-weight: 600; }
.badge::before { content: "\\25CF"; margin-right: .4rem; font-size: .7em; vertical-align: .1em; }
.card > header .badge { margin-left: auto; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem 1.25rem;
  display: flex; flex-direction: column; justify-content: space-between; }
.tiles dt { color: var(--dim); font-size: .85rem; }
.tiles dd { font-size: 1.6rem; font-weight: 650; line-height: 1.3; }
.tiles dd span { font-size: .9rem; }
nav li { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; padding: .2rem 0; }
nav a { font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--dim); font-weight: 500; white-space: nowrap; padding-top: 0; }
tbody th { font-weight: 600; min-width: 8rem; }
.why, .remark { min-width: 11rem; }
tbody th .dim { font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
.right { text-align: right; white-space: nowrap; }
time { white-space: nowrap; }
figcaption { color: var(--dim); font-size: .85rem; margin-top: .5rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
figcaption svg { vertical-align: -.2em; }
.timeline li, .scale { display: grid; grid-template-columns: 10.5rem 1fr; gap: 0 1rem; align-items: center; padding: 0 8px 0 0; }
.timeline .host { font-size: .9rem; font-weight: 600; line-height: 1.2; }
.lane { overflow: visible; display: block; background: linear-gradient(var(--line), var(--line)) center / 100% 1px no-repeat; }
.scale > div { display: flex; justify-content: space-between; color: var(--dim); font-size: .8rem; border-top: 1px solid var(--line);
  padding-top: .2rem; margin-top: .3rem; }
.served { fill: var(--served); stroke: var(--card); stroke-width: 1px; }
.mark circle, .mark path, .sign circle, .sign path { stroke: var(--card); stroke-width: 1.5; }
.live { fill: var(--good); }
.back { fill: var(--back); }
.taken-back path { stroke: var(--bad); stroke-width: 3; stroke-linecap: round; fill: none; }
.unchanged circle { stroke: var(--warn); stroke-width: 2.5; fill: var(--card); }
.durations svg { display: block; border-bottom: 1px solid var(--line); }
.took { fill: var(--bar); }
.took.failed { fill: var(--card); stroke: var(--bad); stroke-width: 1.5; }
.bar { display: block; margin-top: .35rem; min-width: 6rem; }
.size { fill: var(--bar); }
@media (max-width: 48rem) {
  body { padding: 1rem .75rem 2rem; }
  .card { padding: 1rem; }
  .card > header .badge { margin-left: 0; }
  table, tbody, tr, tbody th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border-top: 1px solid var(--line); padding: .6rem 0; }
  tbody tr:first-child { border-top: 0; }
  tbody th, td { border: 0; padding: .1rem 0; }
  tbody th { padding-bottom: .3rem; }
  tbody th, .why, .remark { min-width: 0; }
  td { position: relative; padding-left: 6.5rem; overflow-wrap: anywhere; }
  td::before { content: attr(data-label); color: var(--dim); position: absolute; left: 0; }
  .right { text-align: left; white-space: normal; }
  .ago { display: inline; }
  .timeline li, .scale { grid-template-columns: 1fr; padding: 0 8px; }
  .timeline li { margin-top: .6rem; }
  .timeline .host { margin-left: -8px; }
  .scale > .host { display: none; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; background: none; }
  .card, .tiles > div { border-color: #999999; }
  h2, h3, tr, figure, .tiles { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  * { print-color-adjust: exact; }
}
`
