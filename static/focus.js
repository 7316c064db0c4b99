// A report opens at its decision. Focus goes where the reader expects it, and is never lost with the
// element that had it.
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
    // A frame may remember what had focus in it, while the reader is elsewhere in the ATS.
    if (!document.hasFocus()) return
    if (hasOpened && isTheButtons(focused)) {
      find("#ci-report-title").focus({ preventScroll: true })
    } else if (focused !== document.body && isLost()) {
      // While the button is disabled, its group keeps its place, so that Tab goes on to Cancel.
      find("#ci-button:enabled, #ci-actions:has(:disabled), #ci-status").focus({ preventScroll: true })
    }
  })

  const isTheButtons = ({ id }) => id === "ci-button" || id === "ci-actions"
}
