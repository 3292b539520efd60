import type { Discretion } from './discretion.ts'
import type { Picture } from './screen.ts'
import type { Ui } from './ui.ts'

/** A terminal that nobody can tell a secret to: all that goes out by it, to people, scripts and prompts, passes `discretion`. */
export function discreet<U extends Ui>(ui: U, discretion: Discretion): U {
  const { text, value, error } = discretion
  const picture = (draw: Picture | undefined): Picture | undefined => draw && ((screen) => text(draw(screen)))
  return {
    ...ui,
    conceal: discretion.conceal,
    concealed: value,
    observe: (progress) => ui.observe(value(progress)),
    say: (line) => ui.say(text(line)),
    warn: (line) => ui.warn(text(line)),
    problem: (failure) => ui.problem(error(failure)),
    data: (words, drawn) => ui.data(text(words), picture(drawn)),
    confirm: (question, options) => ui.confirm(text(question), options),
    select: (question, choices, options) =>
      ui.select(
        text(question),
        choices.map((choice) => ({ ...choice, label: text(choice.label) })),
        options,
      ),
    input: (question, options) => ui.input(text(question), options),
    browse: (listing) =>
      ui.browse({
        ...listing,
        title: listing.title.map(text),
        items: listing.items.map((item) => ({ ...item, cells: item.cells.map(text) })),
      }),
    result: (command, exit, result, words, drawn) => ui.result(command, exit, value(result), text(words), picture(drawn)),
    failure: (command, failure) => ui.failure(command, error(failure)),
  }
}
