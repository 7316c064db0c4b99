// Keeps focus when the panel changes. When a report opens, the page scrolls to its beginning, and focus
// moves from the button to its title. Focus on an element that disappears moves to one that stays.
{
  const find = (selector) => document.querySelector(selector)
  const state = () => find("#candidate-intelligence").dataset.state
  const isLost = () => document.activeElement === document.body || document.activeElement.disabled

  let before = null

  document.addEventListener("htmx:before:swap", () => {
    before = { state: state(), focused: document.activeElement }
  })

  document.addEventListener("htmx:after:swap", () => {
    if (!before) return
    const { focused } = before
    const hasOpened = state() === "open" && before.state !== "open"
    if (hasOpened) scrollTo(0, 0)
    // While focus is in the ATS's page, this document has an activeElement too, but must not take focus.
    if (!document.hasFocus()) return
    if (hasOpened && isTheButtons(focused)) {
      find("#ci-report-title").focus({ preventScroll: true })
    } else if (focused !== document.body && isLost()) {
      // A disabled button cannot have focus. Its group gets it, so that Tab leads to Cancel.
      find("#ci-button:enabled, #ci-actions:has(:disabled), #ci-status").focus({ preventScroll: true })
    }
  })

  const isTheButtons = ({ id }) => id === "ci-button" || id === "ci-actions"
}
