// What a page shows, asked in the browser itself: browser.ts sends this file there.
globalThis.inPage = {
  /** Texts that are hard to read on what they stand on, with their contrast: WCAG's AA asks for 4.5. */
  faint() {
    const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const light = (colour) => {
      const [r = 0, g = 0, b = 0] = numbers(colour).map((part) => {
        const share = part / 255
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const behind = (element) => {
      if (element === null) return 'rgb(255, 255, 255)'
      const { backgroundColor } = getComputedStyle(element)
      return numbers(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor
    }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    while (texts.nextNode()) {
      const { textContent, parentElement } = texts.currentNode
      if (!textContent?.trim() || !parentElement || parentElement.closest('svg')) continue
      const [a, b] = [light(getComputedStyle(parentElement).color), light(behind(parentElement))]
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      if (contrast < 4.5) found.push(`${contrast.toFixed(2)}: ${textContent}`)
    }
    return found
  },

  /** What reaches beyond the right edge of the window. */
  beyond() {
    const wide = document.documentElement.scrollWidth > window.innerWidth ? ['the page itself'] : []
    const out = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !element.closest('.unseen, thead'),
    )
    return [...wide, ...out.map((element) => `${element.tagName} ${element.getAttribute('class') ?? ''}`)]
  },

  /** Colours of the page and of its text. */
  colours() {
    const { backgroundColor, color } = getComputedStyle(document.body)
    return { page: backgroundColor, text: color }
  },

  /** How many marks of each kind the timelines have, as far as they can be seen. */
  marks() {
    const counts = {}
    for (const mark of document.querySelectorAll('.timeline .mark')) {
      const { width, height } = mark.getBoundingClientRect()
      const kind = (mark.getAttribute('class') ?? '').replace('mark ', '')
      if (width > 4 && height > 4) counts[kind] = (counts[kind] ?? 0) + 1
    }
    return counts
  },

  text() {
    return document.body.textContent
  },

  /** What the page says of itself to those who do not see it, and to machines. */
  outline() {
    const all = (selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent ?? '')
    return {
      language: document.documentElement.lang,
      title: document.title,
      headings: all('h1, h2'),
      captions: all('caption'),
      times: [...document.querySelectorAll('time')].every(({ dateTime }) => !Number.isNaN(Date.parse(dateTime))),
      unnamed: document.querySelectorAll('svg:not([aria-label]):not([aria-hidden]):not(svg svg)').length,
      badHeads: document.querySelectorAll('th:not([scope])').length,
    }
  },

  /** Elements that the page has no use for: where one is there, somebody else's words made it. */
  strangers() {
    const ours =
      'html head meta title style body header main section nav h1 h2 h3 p dl dt dd div span strong a ul li table caption thead tbody tr th td time code figure figcaption svg title circle path rect'
    const known = new Set(ours.split(' '))
    return [...document.querySelectorAll('*')].map(({ localName }) => localName).filter((name) => !known.has(name))
  },

  /** Whether a script or a picture comes in, were there ever a way to write one into the page. */
  async letsIn() {
    const script = document.createElement('script')
    script.textContent = 'document.documentElement.dataset.hit = "yes"'
    document.head.append(script)
    const style = document.createElement('style')
    style.textContent = 'body { outline: 7px solid red }'
    document.head.append(style)
    const image = new Image()
    const picture = new Promise((resolve) => {
      image.onload = () => resolve(true)
      image.onerror = () => resolve(false)
    })
    image.src = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
    return {
      script: document.documentElement.dataset['hit'] === 'yes',
      picture: await picture,
      style: getComputedStyle(document.body).outlineWidth === '7px',
    }
  },
}
