// Keeps focus when the panel changes. A report is opened at its beginning, with focus on its title, and
// focus on an element that disappears moves to one that stays.
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
    // Not if focus is in the ATS's page, though the frame remembers an element of its own.
    if (!document.hasFocus()) return
    if (hasOpened && isTheButtons(focused)) {
      find("#ci-report-title").focus({ preventScroll: true })
    } else if (focused !== document.body && isLost()) {
      // While the button is disabled, its group has focus, so that Tab leads to Cancel.
      find("#ci-button:enabled, #ci-actions:has(:disabled), #ci-status").focus({ preventScroll: true })
    }
  })

  const isTheButtons = ({ id }) => id === "ci-button" || id === "ci-actions"
}
