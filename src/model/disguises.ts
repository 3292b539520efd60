/** What is shorter in a code such as base64 would also be found in words that give nothing away. */
const SHORTEST_CODE = 6

/**
 * How else a text may be written where something prints it: quoted for a shell, JSON, a URL or a page, or in base64 (wherever in it the
 * text begins) and hex. Without the text itself.
 */
export function disguisesOf(text: string): readonly string[] {
  const bytes = new TextEncoder().encode(text)
  const json = JSON.stringify(text).slice(1, -1)
  const url = encodeURIComponent(text)
  const strict = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  const urls = [url, strict, encodeURI(text)].flatMap((one) => [one, one.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())])
  const quoted = [
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll("'", "\\'"),
    json.replaceAll('\\"', '"').replaceAll("'", "\\'"),
    // As our own words travel, and as `shared/env` is written.
    text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r'),
    text.replace(/["\\$`]/g, '\\$&'),
    text.replaceAll("'", "'\\''"),
    text.replaceAll("'", `'"'"'`),
    text.replace(/[^A-Za-z0-9_@%+=:,./-]/g, '\\$&'),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    ...urls,
    ...urls.map((one) => one.replaceAll('%20', '+')),
  ]
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const codes = [...base64s(bytes), hex, hex.toUpperCase()].filter((code) => code.length >= SHORTEST_CODE)
  return [...new Set([...quoted, ...codes])].filter((one) => one !== text)
}

/** The part of its base64 that says nothing but these bytes, for each place in a group of three at which they may begin. */
function base64s(bytes: Uint8Array): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const shifted = btoa('\0'.repeat(offset) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    const own = shifted.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
