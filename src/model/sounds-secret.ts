/** What a variable is called whose value nobody should see, wherever it was given; unless its name says that it only tells where. */
const SECRET =
  /(?:^|_)(?:PASSWORD|PASSWD|PASS|PASSPHRASE|SECRETS?|TOKEN|CREDENTIALS?|COOKIE|SALT|(?:API|PRIVATE|ACCESS|SIGNING|MASTER)_?KEY)(?:_|$)|_KEY$/i
const ELSEWHERE = /_(?:FILE|PATH|DIR|NAME|ID|TTL|LENGTH|SECONDS|TYPE|USER|HOST|PORT)$/i
/** Of what only sounds like a secret, shorter values are words such as `true`. */
const SHORTEST = 8

/** Whether a variable that was not given as a secret is one by its name. */
export function soundsSecret(name: string, value: string): boolean {
  return value.length >= SHORTEST && SECRET.test(name) && !ELSEWHERE.test(name)
}

/** The passwords of URLs in a value, as `p%40ss` of `postgres://shop:p%40ss@db/shop`, and as they are meant. */
export function passwordsIn(value: string): readonly string[] {
  return [...value.matchAll(/:\/\/[^\s/:@]*:([^\s/@]+)@/g)].flatMap(([, password = '']) => [password, decoded(password)])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
